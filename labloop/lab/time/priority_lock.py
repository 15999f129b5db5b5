"""Taking turns, first come first served, with one door for what must not wait."""

import asyncio
from collections import deque
from contextvars import ContextVar

URGENT: ContextVar[bool] = ContextVar("URGENT", default=False)
"""True in tasks that bring a device into its safe state: they go ahead of the queue."""


class PriorityLock:
    """A fair lock of one event loop."""

    __slots__ = ("_waiting", "busy")

    def __init__(self) -> None:
        self.busy = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for one's turn; whoever is urgent goes ahead of all who wait."""
        if not self.busy:
            self.busy = True
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if URGENT.get():
            self._waiting.appendleft(place)
        else:
            self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                # The turn had come already: hand it on.
                self.give()
            elif place in self._waiting:
                self._waiting.remove(place)
            raise

    def give(self) -> None:
        """End one's turn; the next in line has it at once."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.busy = False

    async def __aenter__(self) -> None:
        await self.take()

    async def __aexit__(self, *exc: object) -> None:
        self.give()
