"""A fair lock: first come, first served, but urgent callers go ahead of the queue."""

import asyncio
from collections import deque
from contextvars import ContextVar

URGENT: ContextVar[bool] = ContextVar("URGENT", default=False)
"""True in tasks that bring a device into its safe state."""


class PriorityLock:
    """A fair lock of one event loop, with priority for urgent tasks."""

    __slots__ = ("_waiting", "locked")

    def __init__(self) -> None:
        self.locked = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> None:
        """Wait for the lock; an urgent task goes ahead of all that wait."""
        if not self.locked:
            self.locked = True
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if URGENT.get():
            self._waiting.appendleft(waiter)
        else:
            self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                # The lock had been handed over already: hand it on.
                self.release()
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
            raise

    def release(self) -> None:
        """Hand the lock to the next task that waits, or free it."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self.locked = False

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(self, *exc: object) -> None:
        self.release()
