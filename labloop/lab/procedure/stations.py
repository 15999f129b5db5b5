"""Pools of stations that are alike: an experiment holds one, first come, first served."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from labloop.errors import PlacesUsedUpError


class StationPool:
    """Stations that are alike; ``async with pool as name`` holds one, or waits for a free one.

    Args:
        names: of the stations.
        used_up: whether they are consumables: each is handed out once and never again.
        kind: their name in the lab file, for messages.
    """

    def __init__(self, names: Sequence[str], *, used_up: bool = False, kind: str = "") -> None:
        self._free = deque(names)
        self.used_up = used_up
        self._kind = kind
        self._waiting: deque[asyncio.Future[str]] = deque()
        self._held_by: dict[asyncio.Task[Any] | None, list[str]] = {}

    async def __aenter__(self) -> str:
        name = await self.acquire()
        self._held_by.setdefault(asyncio.current_task(), []).append(name)
        return name

    async def __aexit__(self, *exc: object) -> None:
        task = asyncio.current_task()
        names = self._held_by[task]
        self.release(names.pop())
        if not names:
            del self._held_by[task]

    async def acquire(self) -> str:
        """Wait for a free station and return its name.

        Raises:
            PlacesUsedUpError: they are consumables, and none is left.
        """
        if self._free:
            return self._free.popleft()
        if self.used_up:
            raise PlacesUsedUpError(
                f"every place of [stations.{self._kind}] is used up; put new ones there and go on "
                f"with: labloop resume NAME --renew {self._kind}"
            )
        waiter: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                # It had been handed over already: hand it on.
                self.release(waiter.result())
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
            raise

    def release(self, name: str) -> None:
        """Give a station back, to the next task that waits. A consumable stays used up."""
        if self.used_up:
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(name)
                return
        self._free.append(name)
