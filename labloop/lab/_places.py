"""Stations and devices that one experiment has to itself, first come first served."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any


class Places:
    """Several alike: whoever comes gets a free one, or waits in line.

    ``async with places as name`` holds one for the length of the block.

    Args:
        names: one name each.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._free = deque(names)
        self._line: deque[asyncio.Future[str]] = deque()
        self._held: dict[asyncio.Task[Any] | None, list[str]] = {}

    async def __aenter__(self) -> str:
        name = await self.take()
        self._held.setdefault(asyncio.current_task(), []).append(name)
        return name

    async def __aexit__(self, *exc: object) -> None:
        task = asyncio.current_task()
        names = self._held[task]
        self.give(names.pop())
        if not names:
            del self._held[task]

    async def take(self) -> str:
        """Wait for a free place and return its name."""
        if self._free:
            return self._free.popleft()
        place: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._line.append(place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                # The place had been given already: hand it on.
                self.give(place.result())
            elif place in self._line:
                self._line.remove(place)
            raise

    def give(self, name: str) -> None:
        """Give a place back; the next in line has it at once."""
        while self._line:
            place = self._line.popleft()
            if not place.done():
                place.set_result(name)
                return
        self._free.append(name)
