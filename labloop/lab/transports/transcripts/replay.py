"""``replay://``: a transcript instead of an instrument."""

from collections import deque
from collections.abc import Awaitable, Callable

from labloop.errors import DeviceTimeoutError, LabFileError, ProtocolError
from labloop.lab.time import Clock
from labloop.lab.transports.base import Complete, Resync
from labloop.lab.transports.recorder import record_received, record_sent
from labloop.lab.transports.transcripts.transcript import session_of


class ReplayTransport:
    """Answers the frames of a transcript, in their order and no others.

    In simulated time answers come when they were recorded.

    Args:
        url: ``replay://FILE``, the last session of a file, or ``replay://FILE?session=1``.
        clock: lab time.

    Raises:
        LabFileError: the file cannot be read as a transcript of bytes.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self.resync: Resync | None = None
        self.on_reopen: Callable[[], Awaitable[None]] | None = None
        self._clock = clock
        session = session_of(url.partition("://")[2])
        if any("call" in line for line in session.lines):
            raise LabFileError(
                f"{url} holds calls of a library, and this driver speaks bytes; it was recorded "
                f"with {session.about.get('driver', 'another driver')}"
            )
        self._lines = deque(each for each in session.lines if "hex" in each or "ended" in each)
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
        while self._lines and self._lines[0].get("dir") != ">":
            self._lines.popleft()
        line = self._lines[0] if self._lines else None
        expected = None if line is None else bytes.fromhex(line["hex"])
        if line is None or frame != expected:
            raise ProtocolError(
                f"{self.url}: the transcript has {expected!r} next, but {frame!r} was sent; "
                "the driver has changed since it was recorded"
            )
        self._lines.popleft()
        await self._until(line)
        record_sent(frame)

    async def receive(self, *, complete: Complete, timeout: float = 2.0) -> bytes:  # noqa: ASYNC109 - on the lab's clock
        """Return the recorded answer; raises DeviceTimeoutError where none was recorded."""
        while not (length := complete(self._buffer)):
            if not self._lines or self._lines[0].get("dir") != "<":
                raise DeviceTimeoutError(
                    f"{self.url}: no complete answer was recorded (asked for {timeout:g} s), "
                    f"received {self._buffer!r}"
                )
            line = self._lines.popleft()
            await self._until(line)
            self._buffer += bytes.fromhex(line["hex"])
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

    async def _until(self, line: object) -> None:
        """Wait until the lab second of a line, where time costs nothing."""
        told = line.get("t_ns", 0) / 1e9 if isinstance(line, dict) else 0.0
        left = told - self._clock.now()
        if self._clock.loop.simulated and left > 0:
            await self._clock.sleep(left)
