"""Stations and devices that one experiment has to itself, first come first served."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from labloop.errors import PlacesUsedUpError


class StationPool:
    """Several alike: whoever comes gets a free one, or waits in line.

    ``async with places as name`` holds one for the length of the block.

    Args:
        names: one name each.
        used_up: whether each is given once and never again; without it a place that was given
            back is given to the next.
        kind: what they are called in the lab file, for messages.
    """

    def __init__(self, names: Sequence[str], *, used_up: bool = False, kind: str = "") -> None:
        self._free = deque(names)
        self.used_up = used_up
        self._kind = kind
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
        """Wait for a free place and return its name.

        Raises:
            PlacesUsedUpError: none is left, and none will be given back.
        """
        if self._free:
            return self._free.popleft()
        if self.used_up:
            raise PlacesUsedUpError(
                f"every place of [stations.{self._kind}] is used up; put new ones there and go on "
                f"with: labloop resume NAME --renew {self._kind}"
            )
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
        """Give a place back; the next in line has it at once. What is used up stays so."""
        if self.used_up:
            return
        while self._line:
            place = self._line.popleft()
            if not place.done():
                place.set_result(name)
                return
        self._free.append(name)
