"""Events of simulated time: what happens at which lab second, without asyncio's handles."""

import asyncio
import heapq
import math
from collections.abc import Callable
from typing import Any, TypeAlias

_Event: TypeAlias = tuple[
    float, int, "asyncio.Future[None] | None", Callable[..., object], tuple[Any, ...]
]
"""Lab second, order of scheduling, who waits for it (None: it happens in any case), what to call.

Most of what happens in a lab needs no handle, no context and no iteration of the event loop;
plain tuples are compared in C.
"""


class EventQueue:
    """Events by lab second; at the same second, in the order in which they were scheduled."""

    __slots__ = ("_events",)

    def __init__(self) -> None:
        self._events: list[_Event] = []

    def add(
        self,
        when: float,
        order: int,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        waiter: "asyncio.Future[None] | None" = None,
    ) -> None:
        """Schedule ``callback(*args)`` at lab second ``when``.

        Args:
            when: lab seconds.
            order: a number that no other event or timer has; it grows with each.
            callback: is called by :meth:`fire`; must not raise.
            args: its arguments.
            waiter: where it is done already, the event is dropped.
        """
        heapq.heappush(self._events, (when, order, waiter, callback, args))

    def comes_before(self, when: float) -> bool:
        """Return whether an event, cancelled or not, may come at ``when`` or earlier."""
        return bool(self._events) and self._events[0][0] <= when

    def next_time(self) -> float:
        """Return the lab second of the next event; infinity where there is none."""
        events = self._events
        while events and (waiter := events[0][2]) is not None and waiter.done():
            heapq.heappop(events)
        return events[0][0] if events else math.inf

    def next_key(self) -> tuple[float, int]:
        """Return lab second and order of the first event; infinity where there is none."""
        return self._events[0][:2] if self._events else (math.inf, 0)

    def fire(self) -> None:
        """Take the first event and call its callback."""
        _, _, _, callback, args = heapq.heappop(self._events)
        callback(*args)
