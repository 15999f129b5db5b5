"""A new plan where something is late: made beside the lab's loop, followed from one moment on.

In simulated time the lab stands still meanwhile, and begins to follow it where nothing else can
happen: what a campaign does never depends on how long the planning takes.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeAlias

from labloop.lab.procedure.plan import Position, StationState, UsePlan
from labloop.lab.procedure.queue import Queue
from labloop.lab.time import Clock

MakePlan: TypeAlias = Callable[
    [Sequence[Position], Mapping[str, Sequence[StationState]], float], UsePlan
]
"""Where experiments are, how stations stand, and the lab second -> who is to have what."""


class Replanning:
    """Asks for a new plan when a planned use is late.

    Args:
        clock: lab time.
        queue: follows the plan.
    """

    def __init__(self, clock: Clock, queue: Queue) -> None:
        self._clock = clock
        self._queue = queue
        self._make: MakePlan | None = None
        self._at_work = False
        self.count = 0
        """Plans that were made because something was late."""

    def use(self, make: MakePlan) -> None:
        """Plan by ``make`` from now on; it is called in a thread."""
        self._make = make
        self._queue.on_late = self._ask

    def _ask(self) -> None:
        if self._at_work:
            return
        self._at_work = True
        self._clock.loop.freeze()
        self._clock.loop.call_when_idle(self._begin)

    def _begin(self) -> None:
        queue = self._queue
        work = partial(self._work, queue.positions(), queue.stations(), self._clock.now())
        threading.Thread(target=work, name="labloop-plan", daemon=True).start()

    def _work(
        self,
        positions: Sequence[Position],
        stations: Mapping[str, Sequence[StationState]],
        now: float,
    ) -> None:
        assert self._make is not None  # noqa: S101 - nothing is late without a plan
        plan: UsePlan | None = None
        try:
            plan = self._make(positions, stations, now)
        finally:
            # The loop may be closed meanwhile: nobody waits for a plan then.
            with suppress(RuntimeError):
                self._clock.loop.call_when_idle(partial(self._end, plan))

    def _end(self, plan: UsePlan | None) -> None:
        self._at_work = False
        self.count += 1
        self._clock.loop.unfreeze()
        if plan is not None:
            self._queue.follow(plan)
