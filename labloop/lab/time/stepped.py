"""Simulated time that another process keeps: this loop goes on as far as it is granted.

Conservative synchronisation with lookahead zero, as federates of the High Level Architecture ask
for the next event and get a time advance grant (IEEE 1516.1-2010, time management): the keeper of
time never passes a second at which somebody may still act.
"""

import math
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from labloop.lab.time.simulated import SimulatedLoop


class TimeKeeper(Protocol):
    """The process that keeps lab time, as this loop sees it."""

    @property
    def gone(self) -> bool:
        """Whether it answers no more; time then passes as in a lab of its own."""
        ...

    @property
    def owes(self) -> bool:
        """Whether it still owes an answer that lab time must pass for."""
        ...

    def advance(self, until: float) -> "Future[tuple[float, Callable[[], object]]]":
        """Ask for lab time up to second ``until``, infinity for as long as an answer takes.

        Returns:
            A future of the lab second that is granted, at most ``until``, and of what must be
            called in the loop then.
        """
        ...

    def withdraw(self) -> None:
        """Ask for the grant at once, at whatever second it is: something has come up."""
        ...


class SteppedLoop(SimulatedLoop):
    """Goes to the next event only as far as the keeper of time allows.

    Args:
        keeper: keeps lab time.
    """

    def __init__(self, keeper: TimeKeeper) -> None:
        super().__init__()
        self._paced = True
        self._keeper = keeper

    def _is_endless(self, when: float) -> bool:
        return when == math.inf and (self._keeper.gone or not self._keeper.owes)

    def _pace(self, when: float) -> list[Any]:
        """Wait until the keeper grants lab time, ``when`` at most."""
        if self._keeper.gone:
            self._now = when
            return []
        granted = self._keeper.advance(when)
        granted.add_done_callback(lambda _: self._write_to_self())
        events: list[Any] = []
        withdrawn = False
        while not granted.done():
            events += self._sleep(None)
            if not granted.done() and not withdrawn and (events or self._ready or self._idle_calls):
                withdrawn = True
                self._keeper.withdraw()
        now, call = granted.result()
        self._now = max(self._now, min(now, when))
        self.call_soon(call)
        return events
