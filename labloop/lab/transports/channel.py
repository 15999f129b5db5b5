"""Raw bytes to and from one device; the base of real and emulated channels."""

from abc import ABC, abstractmethod

from labloop.lab.time import Clock
from labloop.lab.transports.recorder import Recorder


class Channel(ABC):
    """Bytes in both directions, and a buffer; it knows no questions and no answers.

    Args:
        url: names the line.
        clock: lab time.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self.named = url
        """Device and line, for messages."""
        self.clock = clock
        self.buffer = b""
        """Received and not consumed."""
        self.last_received = float("-inf")
        """Lab second of the last byte from the device."""
        self.last_sent = float("-inf")
        """Lab second of the last byte to the device."""
        self.may_have_left = False
        """Whether a byte of the latest frame may have left."""

    @abstractmethod
    async def open(self) -> bool:
        """Open the line unless it is open; return whether it was lost since :meth:`identified`.

        Raises:
            NotConnectedError: it cannot be opened.
        """

    @abstractmethod
    def identified(self) -> None:
        """Note that the line is open and its device known."""

    @abstractmethod
    async def write(self, frame: bytes, recorder: Recorder) -> None:
        """Record ``frame`` and send it; sets ``may_have_left`` and ``last_sent``.

        Raises:
            NotConnectedError: the line is lost.
        """

    @abstractmethod
    async def read(self, until: float) -> None:
        """Wait for bytes until lab second ``until``; fills ``buffer``, sets ``last_received``.

        It may return earlier without any.

        Raises:
            NotConnectedError: the line is lost.
        """

    @abstractmethod
    def silent_at(self, seconds: float) -> float:
        """Return the lab second at which the line will have been silent for ``seconds``."""

    @abstractmethod
    async def close(self) -> None:
        """Close the line."""

    async def pause(self, until: float) -> None:
        """Read on until lab second ``until``."""
        while self.clock.now() < until:
            await self.read(until)

    async def silence(self, seconds: float, deadline: float) -> None:
        """Wait until the line was silent for ``seconds``, or until lab second ``deadline``."""
        while (quiet := self.silent_at(seconds)) > (now := self.clock.now()):
            if now >= deadline:
                return
            await self.read(min(quiet, deadline))

    def take(self, length: int) -> bytes:
        """Remove the first ``length`` bytes from the buffer and return them."""
        data, self.buffer = self.buffer[:length], self.buffer[length:]
        return data
