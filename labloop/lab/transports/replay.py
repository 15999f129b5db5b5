"""``replay://``: a transcript instead of an instrument, and the recorder that writes one.

A transcript holds one JSON object per line: ``t_ns`` (lab time), ``dir`` (``>`` to the
device, ``<`` from it) and ``hex``.
"""

import json
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TextIO

from labloop.errors import DeviceTimeoutError, LabFileError, ProtocolError
from labloop.lab.time import Clock
from labloop.lab.transports.base import Complete, Resync, Transport
from labloop.lab.transports.recorder import record_received, record_sent


class ReplayTransport:
    """Answers the frames of a transcript, in their order and no others.

    Args:
        url: names it in messages.
        path: the transcript.

    Raises:
        LabFileError: the file cannot be read as a transcript.
    """

    def __init__(self, url: str, path: Path) -> None:
        self.url = url
        self.resync: Resync | None = None
        self.on_reopen: Callable[[], Awaitable[None]] | None = None
        self._lines = deque(_read(path))
        self._buffer = b""

    async def exchange(self, frame: bytes, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Return the recorded answer to ``frame``, which must be the next one.

        Raises:
            ProtocolError: the transcript has another frame next.
            DeviceTimeoutError: no complete answer was recorded.
        """
        await self.send(frame)
        return await self.receive(complete=complete, timeout=timeout)

    async def send(self, frame: bytes) -> None:
        """Accept ``frame``; raises ProtocolError where the transcript has another one next."""
        self._buffer = b""
        while self._lines and self._lines[0][0] == "<":
            self._lines.popleft()
        expected = self._lines.popleft()[1] if self._lines else None
        if frame != expected:
            raise ProtocolError(
                f"{self.url}: the transcript has {expected!r} next, but {frame!r} was sent; "
                "the driver has changed since it was recorded"
            )
        record_sent(frame)

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Return the recorded answer; raises DeviceTimeoutError where none was recorded."""
        while not (length := complete(self._buffer)):
            if not self._lines or self._lines[0][0] == ">":
                raise DeviceTimeoutError(
                    f"{self.url}: no complete answer was recorded (asked for {timeout:g} s), "
                    f"received {self._buffer!r}"
                )
            self._buffer += self._lines.popleft()[1]
        data, self._buffer = self._buffer[:length], self._buffer[length:]
        record_received(data)
        return data

    async def drain(self) -> None:
        """Discard the rest of an answer."""
        self._buffer = b""

    async def forget(self) -> None:
        """Discard the rest of an answer; a transcript has no pending answers."""
        self._buffer = b""

    async def close(self) -> None:
        """Discard the rest of the transcript."""
        self._lines.clear()


class RecordingTransport:
    """Writes the frames of another transport into a transcript.

    Args:
        inner: the transport that speaks to the device.
        path: the transcript, begun with the first frame.
        clock: lab time, written with each frame.
    """

    def __init__(self, inner: Transport, path: Path, clock: Clock) -> None:
        self.url = inner.url
        self._inner = inner
        self._clock = clock
        self._path = path
        self._file: TextIO | None = None

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
        self._write(">", frame)
        data = await self._inner.exchange(frame, complete=complete, timeout=timeout)
        self._write("<", data)
        return data

    async def send(self, frame: bytes) -> None:
        """See :class:`~labloop.lab.Transport`; the frames are written down."""
        self._write(">", frame)
        await self._inner.send(frame)

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """See :class:`~labloop.lab.Transport`; the frames are written down."""
        data = await self._inner.receive(complete=complete, timeout=timeout)
        self._write("<", data)
        return data

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
            if self._file is not None:
                self._file.close()

    def _write(self, direction: str, data: bytes) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w", encoding="utf-8", buffering=1)
        t_ns = round(self._clock.now() * 1e9)
        line = {"t_ns": t_ns, "dir": direction, "hex": data.hex()}
        self._file.write(json.dumps(line) + "\n")


def _read(path: Path) -> list[tuple[str, bytes]]:
    try:
        text = path.read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        return [(_direction(line["dir"]), bytes.fromhex(line["hex"])) for line in lines]
    except OSError as error:
        raise LabFileError(f"transcript {path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LabFileError(f"{path} is no transcript: {error!r}") from error


def _direction(text: str) -> str:
    if text not in {">", "<"}:
        raise ValueError(f"dir must be '>' or '<', got {text!r}")
    return text
