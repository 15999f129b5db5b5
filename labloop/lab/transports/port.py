"""``serial://``, ``socket://`` and ``rfc2217://``: blocking lines, each on its own thread."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from labloop.errors import NotConnectedError
from labloop.lab.time import URGENT, Clock
from labloop.lab.transports.base import Recorder, take_back
from labloop.lab.transports.blocking_port import BlockingPort, LineLost
from labloop.lab.transports.line import Line
from labloop.lab.transports.port_url import parse_port

__all__ = ["PortTransport", "parse_port"]

T = TypeVar("T")

_RETRY = 0.5
"""Seconds between two tries to open a line that is needed for a safe state."""
_TRIES = 4


class PortTransport(Line):
    """A line that pyserial opens at its first use, and again after it was lost.

    Args:
        url: ``serial://<port>?baud=9600&mode=7E1``, ``socket://host:port`` or
            ``rfc2217://host:port``.
        clock: lab time, which is real time here.
        wire: that of another device on the same line; the two take turns.
        whose: the device, named in messages.

    Raises:
        LabFileError: the url cannot be used.
    """

    def __init__(
        self, url: str, clock: Clock, *, wire: BlockingPort | None = None, whose: str = ""
    ) -> None:
        super().__init__(url, clock)
        self._whose = whose
        self._wire = wire or BlockingPort(url, clock.now)
        self._wire.users.add(self)
        self._turn = self._wire.turn
        self._opening = 0
        """The opening of the line in which the device was last spoken to."""

    async def close(self) -> None:
        """Give the line back."""
        wire = self._wire
        wire.users.discard(self)
        if not wire.users:
            closing = wire.thread.submit(wire.close, urgent=True)
            wire.thread.close()
            await self._clock.external(closing)

    async def _open(self) -> bool:
        wire = self._wire
        if wire.is_open and self._opening == wire.opened:
            return False
        urgent = URGENT.get()
        for left in reversed(range(_TRIES if urgent else 1)):
            try:
                await self._on_thread(lambda: wire.open(self._whose, urgent))
                break
            except NotConnectedError:
                if not left:
                    raise
            await self._clock.sleep(_RETRY)
        return 0 < self._opening < wire.opened

    def _met(self) -> None:
        self._opening = self._wire.opened

    async def _put(self, frame: bytes, recorder: Recorder) -> None:
        recorder.sent.append(frame)
        try:
            await self._on_thread(lambda: self._written(frame))
        except asyncio.CancelledError:
            if not self._left:
                take_back(recorder, frame)
            raise
        self._spoke = self._clock.now()

    def _written(self, frame: bytes) -> None:
        self._left = True
        self._wire.write(frame)

    async def _hear(self, until: float) -> None:
        wire = self._wire
        if not wire.arrived:
            seconds = max(until - self._clock.now(), 0.0)
            await self._on_thread(lambda: wire.hear(seconds))
        while wire.arrived:
            self._heard, data = wire.arrived.popleft()
            self._buffer += data

    def _quiet_at(self, seconds: float) -> float:
        return max(self._heard, self._wire.heard) + seconds

    async def _on_thread(self, work: Callable[[], T]) -> T:
        future = self._wire.thread.submit(lambda: self._guarded(work))
        try:
            return await self._clock.external(future)
        except asyncio.CancelledError:
            if not future.cancel():
                # Under way, or done: bytes may have left.
                self._left = True
            raise

    def _guarded(self, work: Callable[[], T]) -> T:
        """Carry ``work`` out on the port's thread."""
        try:
            return work()
        except LineLost as error:
            self._wire.lose()
            raise self._wire.dead(self._whose, error) from error
