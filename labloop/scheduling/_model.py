"""The order of jobs by CP-SAT, the constraint solver of OR-Tools: the job shop as constraints.

It runs in a process of its own (``__main__.py``), for OR-Tools and the compiler of gRPC, which
SiLA 2 loads, each bring a library of protocol buffers, and a process that has both is aborted.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from labloop.scheduling._problem import (
    Booking,
    Job,
    Problem,
    Resource,
    Schedule,
    Use,
    events_of,
)

_TICKS = 100_000
"""Of a whole schedule at least, where seconds are no whole numbers: errors below 1e-4."""
_MOST_TICKS = 10**9


class JobShopModel:
    """The job shop as constraints over whole numbers.

    Each job has a chain of moments, one for each time that it gets or gives back a unit. Between
    two of them passes what its own time says: exactly so long before something is given back,
    at least so long before something is got, since it may have to be waited for.

    Args:
        problem: the jobs.
        known: a schedule that can be carried out, from which the search begins.
    """

    def __init__(self, problem: Problem, known: Schedule | None) -> None:
        from ortools.sat.python import cp_model  # noqa: PLC0415 - heavy, and an extra

        self._cp: Any = cp_model
        self._model: Any = cp_model.CpModel()
        self._problem = problem
        self._known = known
        self._tick = _tick(problem)
        self._moments: list[list[Any]] = []
        self._ends: list[Any] = []
        self._begin: dict[tuple[int, int], Any] = {}
        self._end: dict[tuple[int, int], Any] = {}
        self._on: dict[tuple[int, int], Sequence[Any]] = {}
        """Job and use -> whether it is on each unit, where that is part of the problem."""
        self._exact: dict[tuple[int, int], int] = {}
        """Job and use -> its ticks, where it waits for nothing in between."""
        self._loads: list[int] = []
        """Of each resource: how long its units are in use at least."""
        self._horizon = self._longest()
        for number, job in enumerate(problem.jobs):
            self._add_job(number, job)
        for resource in problem.resources:
            self._add_resource(resource)
        self._makespan = self._model.new_int_var(0, self._horizon, "")
        self._model.add_max_equality(self._makespan, self._ends)
        for least in self._loads:
            self._model.add(self._makespan >= least)
        self._model.minimize(self._makespan)
        self._hint()

    def solve(self, effort: float, gap: float, seed: int) -> Schedule | None:
        """Return the best schedule that is found; None where there is none."""
        solver = self._cp.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = seed
        solver.parameters.max_deterministic_time = effort
        solver.parameters.relative_gap_limit = gap
        # Linear relaxations say little of a job shop and take most of the time.
        solver.parameters.linearization_level = 0
        status = solver.solve(self._model)
        if status not in {self._cp.OPTIMAL, self._cp.FEASIBLE}:
            return None
        value: Any = solver.value
        bookings = [
            Booking(
                *key,
                self._unit_of(key, value),
                value(self._begin[key]) * self._tick,
                value(self._end[key]) * self._tick,
            )
            for key in self._begin
        ]
        bookings = _with_units(bookings, self._problem, self._on)
        return Schedule(
            tuple(sorted(bookings, key=lambda each: (each.start, each.job, each.use))),
            tuple(value(end) * self._tick for end in self._ends),
            solver.best_objective_bound * self._tick,
            "CP-SAT",
        )

    def _ticks(self, seconds: float) -> int:
        return round(seconds / self._tick)

    def _longest(self) -> int:
        """Return a time in which everything can be done, one job after the other."""
        total = sum(
            self._ticks(job.length) + len(job.uses) + self._ticks(job.release)
            for job in self._problem.jobs
        )
        for job in self._problem.jobs:
            for use in job.uses:
                resource = self._problem.resource(use.resource)
                total += self._ticks(resource.cleaning + resource.change_over) + 1
        for resource in self._problem.resources:
            units = range(resource.count)
            total += self._ticks(resource.warm_up + max(resource.state(u).free_at for u in units))
        return total

    def _add_job(self, number: int, job: Job) -> None:
        model, at, own = self._model, None, 0
        open_since: dict[int, int] = {}
        release = self._ticks(job.release)
        for event in events_of(job):
            moment, passed = model.new_int_var(0, self._horizon, ""), self._ticks(event.own) - own
            own += passed
            use = job.uses[event.use]
            if event.gets:
                open_since = {event.use: own}
            elif event.use in open_since:
                self._exact[number, event.use] = own - open_since[event.use]
            if event.gets and use.unit is not None:
                model.add(moment == 0)
            elif at is None:
                model.add(moment >= release + passed)
            elif event.gets:
                model.add(moment >= at + passed)
            else:
                model.add(moment == at + passed)
            at = moment
            (self._begin if event.gets else self._end)[number, event.use] = moment
        left = self._ticks(job.length) - own
        self._ends.append(release + left if at is None else at + left)

    def _add_resource(self, resource: Resource) -> None:
        keys = [
            (n, i)
            for n, job in enumerate(self._problem.jobs)
            for i, use in enumerate(job.uses)
            if use.resource == resource.name
        ]
        lengths = [self._ticks(u.end) - self._ticks(u.begin) for u in map(self._use, keys)]
        self._loads.append(-(-sum(lengths) // (resource.count * resource.capacity)))
        settings = {self._use(key).setting for key in keys}
        late = any(resource.ready_at(u, s) for u in range(resource.count) for s in settings)
        if len(settings) > 1 or late:
            self._add_units(resource, keys)
            return
        cleaning = self._ticks(resource.cleaning)
        intervals = [self._interval(key, cleaning) for key in keys]
        room = resource.count * resource.capacity
        if room == 1:
            self._model.add_no_overlap(intervals)
        elif len(keys) > room:
            self._model.add_cumulative(intervals, [1] * len(keys), room)

    def _add_units(self, resource: Resource, keys: Sequence[tuple[int, int]]) -> None:
        """Decide who is in which unit, and keep different settings apart in each."""
        model, cleaning = self._model, self._ticks(resource.cleaning)
        for key in keys:
            given = self._use(key).unit
            self._on[key] = [model.new_bool_var("") for _ in range(resource.count)]
            model.add_exactly_one(self._on[key])
            if given is not None:
                model.add(self._on[key][given] == 1)
                continue
            for unit, on in enumerate(self._on[key]):
                ready = self._ticks(resource.ready_at(unit, self._use(key).setting))
                if ready:
                    model.add(self._begin[key] >= ready).only_enforce_if(on)
        for unit in range(resource.count):
            intervals = [self._interval(key, cleaning, self._on[key][unit]) for key in keys]
            if resource.capacity == 1:
                model.add_no_overlap(intervals)
            else:
                model.add_cumulative(intervals, [1] * len(keys), resource.capacity)
        # All units together say the same once more, which shortens the search.
        together = [self._interval(key, cleaning) for key in keys]
        model.add_cumulative(together, [1] * len(keys), resource.count * resource.capacity)
        gap = cleaning + self._ticks(resource.change_over)
        for one, other in combinations(keys, 2):
            if self._use(one).setting != self._use(other).setting:
                first = model.new_bool_var("")
                for unit in range(resource.count):
                    both = [self._on[one][unit], self._on[other][unit]]
                    model.add(self._begin[other] >= self._end[one] + gap).only_enforce_if(
                        [first, *both]
                    )
                    model.add(self._begin[one] >= self._end[other] + gap).only_enforce_if(
                        [~first, *both]
                    )

    def _interval(self, key: tuple[int, int], cleaning: int, present: Any = None) -> Any:
        model, begin, end = self._model, self._begin[key], self._end[key] + cleaning
        size: Any = self._exact.get(key)
        if size is None:
            use = self._use(key)
            least = self._ticks(use.end) - self._ticks(use.begin) + cleaning
            size = model.new_int_var(least, self._horizon + cleaning, "")
        else:
            size += cleaning
        if present is None:
            return model.new_interval_var(begin, size, end, "")
        return model.new_optional_interval_var(begin, size, end, present, "")

    def _hint(self) -> None:
        if self._known is None:
            return
        for each in self._known.bookings:
            key = (each.job, each.use)
            self._model.add_hint(self._begin[key], self._ticks(each.start))
            self._model.add_hint(self._end[key], self._ticks(each.end))
            for unit, literal in enumerate(self._on.get(key, ())):
                self._model.add_hint(literal, unit == each.unit)

    def _use(self, key: tuple[int, int]) -> Use:
        return self._problem.jobs[key[0]].uses[key[1]]

    def _unit_of(self, key: tuple[int, int], value: Any) -> int:
        return next((unit for unit, on in enumerate(self._on.get(key, ())) if value(on)), 0)


def _with_units(
    bookings: Sequence[Booking], problem: Problem, decided: Mapping[tuple[int, int], object]
) -> list[Booking]:
    """Return bookings with a unit each where the solver counted units that are alike only."""
    found: list[Booking] = []
    inside: dict[str, list[list[float]]] = {
        each.name: [[] for _ in range(each.count)] for each in problem.resources
    }
    for each in sorted(bookings, key=lambda one: (one.start, one.end)):
        use = problem.jobs[each.job].uses[each.use]
        resource = problem.resource(use.resource)
        if (each.job, each.use) in decided:
            found.append(each)
            continue
        units = inside[use.resource]
        for held in units:
            held[:] = [end for end in held if end > each.start]
        unit = use.unit
        if unit is None:
            unit = min(range(resource.count), key=lambda i: (len(units[i]), i))
        units[unit].append(each.end + resource.cleaning)
        found.append(each._replace(unit=unit))
    return found


def _tick(problem: Problem) -> float:
    """Return the seconds of a tick: 1 where all times are whole numbers, else less."""
    times = [
        t
        for j in problem.jobs
        for t in (j.release, j.length, *(u.begin for u in j.uses), *(u.end for u in j.uses))
    ]
    times += [
        t
        for r in problem.resources
        for t in (r.cleaning, r.change_over, r.warm_up, *(unit.free_at for unit in r.units))
    ]
    total = sum(job.length for job in problem.jobs)
    if all(float(t).is_integer() for t in times) and total < _MOST_TICKS:
        return 1.0
    return max(total, 1e-9) / _TICKS
