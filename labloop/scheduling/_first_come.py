"""Jobs carried out on a clock: who asked first gets first."""

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf

from labloop.errors import DefinitionError
from labloop.scheduling._problem import (
    Booking,
    Event,
    Problem,
    Resource,
    Schedule,
    Unit,
    Use,
    events_of,
)


def first_come(
    problem: Problem, planned: Mapping[tuple[int, int], float] | None = None
) -> Schedule:
    """Return what happens where nobody plans: first come, first served.

    Args:
        problem: what is carried out.
        planned: job and use -> second for which a plan has it; of those that wait the earliest of
            these goes first.

    Raises:
        DefinitionError: jobs would wait for each other for ever.
    """
    return _Run(problem, planned or {}).schedule()


@dataclass(slots=True)
class _Progress:
    """How far a job has come."""

    events: list[Event]
    next: int = 0
    own: float = 0.0
    """Own second at which it is."""


def _units(resource: Resource) -> list[Unit]:
    states = [resource.state(unit) for unit in range(resource.count)]
    return [Unit(setting=s.setting, used=s.used, free_at=s.free_at) for s in states]


class _Run:
    """One simulation of a problem.

    Args:
        problem: what is carried out.
        planned: job and use -> second for which a plan has it.
    """

    def __init__(self, problem: Problem, planned: Mapping[tuple[int, int], float]) -> None:
        self._problem = problem
        self._planned = planned
        self._resources = {each.name: each for each in problem.resources}
        self._units = {each.name: _units(each) for each in problem.resources}
        self._progress = [_Progress(events_of(job)) for job in problem.jobs]
        self._calls: list[tuple[float, int, Callable[[float], None]]] = []
        self._count = 0
        self._waiting: dict[str, list[int]] = {name: [] for name in self._units}
        """Resource -> jobs, in the order in which they asked."""
        self._held: dict[tuple[int, int], tuple[int, float]] = {}
        """Job and use -> unit and start."""
        self._bookings: list[Booking] = []
        self._ends = [job.release for job in problem.jobs]

    def schedule(self) -> Schedule:
        """Carry everything out."""
        for number, job in enumerate(self._problem.jobs):
            for index, use in enumerate(job.uses):
                if use.unit is not None:
                    self._enter(number, index, use.unit, 0.0)
        for number, job in enumerate(self._problem.jobs):
            self._at(job.release, self._going_on(number))
        for name, units in self._units.items():
            for unit in units:
                if unit.free_at > 0:
                    self._at(unit.free_at, partial(self._serve, name))
        while self._calls:
            now, _, call = heapq.heappop(self._calls)
            call(now)
        stuck = [name for name, waiting in self._waiting.items() if waiting]
        if stuck:
            raise DefinitionError(
                f"first come, first served, jobs wait for each other for ever at "
                f"{', '.join(stuck)}: they take the same resources in different orders"
            )
        self._bookings.sort(key=lambda each: (each.start, each.job, each.use))
        return Schedule(tuple(self._bookings), tuple(self._ends))

    def _at(self, when: float, call: Callable[[float], None]) -> None:
        self._count += 1
        heapq.heappush(self._calls, (when, self._count, call))

    def _going_on(self, number: int) -> Callable[[float], None]:
        return lambda now: self._go_on(number, now)

    def _go_on(self, number: int, now: float) -> None:
        """Do the next thing of a job, and the one after it when its time has come."""
        job, progress = self._problem.jobs[number], self._progress[number]
        while progress.next < len(progress.events):
            event = progress.events[progress.next]
            if event.own > progress.own:
                self._at(now + event.own - progress.own, self._going_on(number))
                progress.own = event.own
                return
            use = job.uses[event.use]
            if not event.gets:
                progress.next += 1
                self._leave(number, event.use, now)
            elif use.unit is not None:
                progress.next += 1
            else:
                self._waiting[use.resource].append(number)
                if self._planned:
                    # Who asks at the same moment and comes first in the plan goes first.
                    self._at(now, partial(self._serve, use.resource))
                else:
                    self._serve(use.resource, now)
                return
        self._ends[number] = now + job.length - progress.own

    def _serve(self, name: str, now: float) -> None:
        """Give units to those that wait, in their order; nobody is passed over."""
        resource, waiting = self._resources[name], self._waiting[name]
        while waiting:
            number = min(waiting, key=self._planned_second)
            progress = self._progress[number]
            index = progress.events[progress.next].use
            unit = self._open_unit(self._problem.jobs[number].uses[index], now)
            if unit is None:
                return
            waiting.remove(number)
            setting = self._problem.jobs[number].uses[index].setting
            delay = self._units[name][unit].delay(resource, setting)
            self._enter(number, index, unit, now)
            progress.next += 1
            self._at(now + delay, self._going_on(number))

    def _planned_second(self, number: int) -> float:
        """Return for when a plan has what a job waits for; who is in no plan comes after all."""
        progress = self._progress[number]
        return self._planned.get((number, progress.events[progress.next].use), inf)

    def _open_unit(self, use: Use, now: float) -> int | None:
        resource = self._resources[use.resource]
        units = self._units[use.resource]
        found = [i for i, u in enumerate(units) if u.opens(resource, use.setting, now)]
        return min(found, key=lambda i: units[i].delay(resource, use.setting), default=None)

    def _enter(self, number: int, index: int, unit: int, now: float) -> None:
        use = self._problem.jobs[number].uses[index]
        entered = self._units[use.resource][unit]
        entered.inside.add(number)
        entered.setting, entered.used = use.setting, True
        self._held[number, index] = unit, now

    def _leave(self, number: int, index: int, now: float) -> None:
        use = self._problem.jobs[number].uses[index]
        number_of_unit, start = self._held.pop((number, index))
        unit = self._units[use.resource][number_of_unit]
        unit.inside.discard(number)
        if not unit.inside:
            unit.free_at = now + self._resources[use.resource].cleaning
        self._bookings.append(Booking(number, index, number_of_unit, start, now))
        self._at(max(now, unit.free_at), lambda later: self._serve(use.resource, later))
