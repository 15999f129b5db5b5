"""``serial://``, ``socket://`` and ``rfc2217://``: lines over a blocking port on its own thread."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from labloop.errors import NotConnectedError
from labloop.lab.time import URGENT, Clock
from labloop.lab.transports.blocking_port import BlockingPort, PortLostError
from labloop.lab.transports.channel import Channel
from labloop.lab.transports.line import Line
from labloop.lab.transports.recorder import Recorder, remove_unsent

T = TypeVar("T")

_RETRY_SECONDS = 0.5
"""Between two attempts to open a port that is needed for a safe state."""
_ATTEMPTS = 4


class PortChannel(Channel):
    """The bytes of one device on a port, which other devices may share.

    Args:
        url: as the device names the line.
        clock: lab time, which is real time here.
        port: is opened at the first use, and again after it was lost.
        device: its name, for messages.
    """

    def __init__(self, url: str, clock: Clock, port: BlockingPort, device: str) -> None:
        super().__init__(url, clock)
        self._port = port
        self._device = device
        if device:
            self.named = f"{device} at {url}"
        self._opening = 0
        """The opening of the port in which the device was identified; 0 before the first."""
        port.channels.add(self)

    async def open(self) -> bool:
        """See :meth:`Channel.open`."""
        port = self._port
        if port.is_open and self._opening == port.openings:
            return False
        urgent = URGENT.get()
        for left in reversed(range(_ATTEMPTS if urgent else 1)):
            try:
                await self._on_thread(lambda: port.open(self._device, at_once=urgent))
                break
            except NotConnectedError:
                if not left:
                    raise
            await self.clock.sleep(_RETRY_SECONDS)
        return 0 < self._opening < port.openings

    def identified(self) -> None:
        """See :meth:`Channel.identified`."""
        self._opening = self._port.openings

    async def write(self, frame: bytes, recorder: Recorder) -> None:
        """See :meth:`Channel.write`."""
        recorder.sent.append(frame)
        try:
            await self._on_thread(lambda: self._write(frame))
        except asyncio.CancelledError:
            if not self.may_have_left:
                remove_unsent(recorder, frame)
            raise
        self.last_sent = self.clock.now()

    async def read(self, until: float) -> None:
        """See :meth:`Channel.read`."""
        port = self._port
        if not port.arrived:
            seconds = max(until - self.clock.now(), 0.0)
            await self._on_thread(lambda: port.read(seconds))
        while port.arrived:
            self.last_received, data = port.arrived.popleft()
            self.buffer += data

    def silent_at(self, seconds: float) -> float:
        """See :meth:`Channel.silent_at`."""
        return max(self.last_received, self._port.last_received) + seconds

    async def close(self) -> None:
        """Close the port, where no other device uses it."""
        port = self._port
        port.channels.discard(self)
        if not port.channels:
            closing = port.thread.submit(port.close, urgent=True)
            port.thread.close()
            await self.clock.external(closing)

    def _write(self, frame: bytes) -> None:
        self.may_have_left = True
        self._port.write(frame)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        """Carry ``work`` out on the port's thread."""
        future = self._port.thread.submit(lambda: self._guarded(work))
        try:
            return await self.clock.external(future)
        except asyncio.CancelledError:
            if not future.cancel():
                # Under way, or done: bytes may have left.
                self.may_have_left = True
            raise

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except PortLostError as error:
            self._port.mark_lost()
            raise self._port.lost_error(self._device, error) from error


class PortTransport(Line):
    """A line over a port that pyserial opens.

    Args:
        url: ``serial://<port>?baud=9600&mode=7E1``, ``socket://host:port`` or
            ``rfc2217://host:port``.
        clock: lab time, which is real time here.
        port: that of another device on the same line; the two take turns.
        device: its name, for messages.

    Raises:
        LabFileError: the url cannot be used.
    """

    def __init__(
        self, url: str, clock: Clock, *, port: BlockingPort | None = None, device: str = ""
    ) -> None:
        port = port or BlockingPort(url, clock.now)
        super().__init__(PortChannel(url, clock, port, device), port.lock, port.lines)
        port.lines.append(self)
