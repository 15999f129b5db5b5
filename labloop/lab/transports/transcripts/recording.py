"""Writes the frames of another transport into a transcript, incomplete answers too."""

from collections.abc import Awaitable, Callable, Iterable, MutableSequence
from typing import TypeVar

from labloop.lab.transports.base import Complete, Resync, Transport
from labloop.lab.transports.recorder import RECORDER, Recorder
from labloop.lab.transports.transcripts.transcript import Transcript

T = TypeVar("T")


class _Written(list[bytes]):
    """Frames of one exchange: each is written when it is noted, and handed on.

    Args:
        transcript: is written.
        direction: ``>`` or ``<``.
        onward: the frames of the running action.
    """

    def __init__(
        self, transcript: Transcript, direction: str, onward: MutableSequence[bytes] | None
    ) -> None:
        super().__init__()
        self._transcript = transcript
        self._direction = direction
        self._onward = onward

    def append(self, frame: bytes) -> None:
        """Note a frame."""
        super().append(frame)
        self._transcript.frame(self._direction, frame)
        if self._onward is not None:
            self._onward.append(frame)

    def extend(self, frames: Iterable[bytes]) -> None:
        """Note frames."""
        for frame in frames:
            self.append(frame)

    def remove(self, frame: bytes) -> None:
        """Note that a frame did not leave after all."""
        super().remove(frame)
        self._transcript.line(unsent=frame.hex())
        if self._onward is not None and frame in self._onward:
            self._onward.remove(frame)


class RecordingTransport:
    """Writes the frames of another transport into a transcript.

    Args:
        inner: the transport that speaks to the device.
        transcript: is written.
    """

    def __init__(self, inner: Transport, transcript: Transcript) -> None:
        self.url = inner.url
        self._inner = inner
        self._transcript = transcript

    @property
    def resync(self) -> Resync | None:
        """That of the inner transport."""
        return self._inner.resync

    @resync.setter
    def resync(self, resync: Resync | None) -> None:
        self._inner.resync = resync

    @property
    def on_reopen(self) -> Callable[[], Awaitable[None]] | None:
        """That of the inner transport."""
        return self._inner.on_reopen

    @on_reopen.setter
    def on_reopen(self, on_reopen: Callable[[], Awaitable[None]] | None) -> None:
        self._inner.on_reopen = on_reopen

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """See :class:`~labloop.lab.Transport`; the frames are written down."""
        return await self._recorded(
            lambda: self._inner.exchange(frame, complete=complete, timeout=timeout)
        )

    async def send(self, frame: bytes) -> None:
        """See :class:`~labloop.lab.Transport`; the frame is written down."""
        await self._recorded(lambda: self._inner.send(frame))

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """See :class:`~labloop.lab.Transport`; the frame is written down."""
        return await self._recorded(lambda: self._inner.receive(complete=complete, timeout=timeout))

    async def drain(self) -> None:
        """See :class:`~labloop.lab.Transport`."""
        await self._inner.drain()

    async def forget(self) -> None:
        """See :class:`~labloop.lab.Transport`."""
        await self._inner.forget()

    async def close(self) -> None:
        """Close the line and the transcript."""
        try:
            await self._inner.close()
        finally:
            self._transcript.close()

    async def _recorded(self, work: Callable[[], Awaitable[T]]) -> T:
        action = RECORDER.get()
        sent = _Written(self._transcript, ">", None if action is None else action.sent)
        received = _Written(self._transcript, "<", None if action is None else action.received)
        token = RECORDER.set(Recorder(sent, received))
        try:
            return await work()
        except BaseException as error:
            self._transcript.line(ended=type(error).__name__)
            raise
        finally:
            RECORDER.reset(token)
