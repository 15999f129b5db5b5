"""Puts what running experiments still need into an order, from where they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from labloop.campaign.ordering.learned import FEWEST, LearnedDurations
from labloop.campaign.ordering.run_ahead import Need, Trace
from labloop.lab import LabFile, PlannedUse, Position, StationState, UsePlan, Visit
from labloop.scheduling import Job, Problem, Resource, UnitState, Use, optimised

_PATIENCE = 0.02
"""Of the length of a plan: what is later than this is late."""
_EFFORT_BEFORE, _EFFORT_LATE = 1.0, 0.1
"""Deterministic seconds of the solver before a batch begins, and while a lab waits for it."""
_GAP = 0.005
"""A plan need not be better than this: recipes are not known more exactly."""


@dataclass(frozen=True, slots=True)
class _Event:
    """A moment of a trace: something is got or given back."""

    own: float
    gets: bool
    need: Need


class Planner:
    """Plans experiments of one lab.

    Args:
        lab_file: its stations and devices.
        learned: what stored experiments say of durations.
    """

    def __init__(self, lab_file: LabFile, learned: LearnedDurations) -> None:
        self._stations = {kind: table.all(kind) for kind, table in lab_file.stations.items()}
        self._resources = [
            *(
                Resource(
                    kind,
                    len(table.all(kind)),
                    rules.capacity,
                    rules.cleaning,
                    rules.change_over,
                    rules.warm_up,
                )
                for kind, table in lab_file.stations.items()
                for rules in [table.rules()]
            ),
            *(Resource(f"lab.{name}") for name in lab_file.devices),
        ]
        self._traces: dict[str, Trace] = {}
        self._starts: dict[tuple[str, int, str], float] = {}
        """Experiment, number of its request and key -> lab second in the newest plan."""
        self._began: dict[str, float] = {}
        self._simulated = sum(learned.simulated)
        self._measured = sum(learned.measured)
        self._ended = len(learned.measured)

    @property
    def factor(self) -> float:
        """Measured seconds for one that was simulated; 1 before three experiments have ended."""
        known = self._ended >= FEWEST and self._simulated > 0
        return self._measured / self._simulated if known else 1.0

    def begin(self, traces: Mapping[str, Trace], now: float) -> None:
        """Note that experiments begin at a lab second."""
        self._traces |= traces
        self._began |= dict.fromkeys(traces, now)

    def end(self, experiment_id: str, seconds: float | None) -> None:
        """Note that an experiment has ended; ``seconds``: without waits, None where not known."""
        trace = self._traces.pop(experiment_id, None)
        self._began.pop(experiment_id, None)
        if trace is not None and seconds is not None and trace.seconds > 0:
            self._simulated += trace.seconds
            self._measured += seconds
            self._ended += 1

    def first_plan(
        self,
        positions: Sequence[Position],
        stations: Mapping[str, Sequence[StationState]],
        now: float,
    ) -> UsePlan:
        """Return who is to have what before a batch begins: nobody waits for it then."""
        return self.plan(positions, stations, now, _EFFORT_BEFORE)

    def plan(
        self,
        positions: Sequence[Position],
        stations: Mapping[str, Sequence[StationState]],
        now: float,
        effort: float = _EFFORT_LATE,
    ) -> UsePlan:
        """Return who is to have what from ``now`` on."""
        found = {each.experiment_id: each for each in positions}
        jobs: list[Job] = []
        needs: list[list[Need]] = []
        for experiment_id, trace in list(self._traces.items()):
            position = found.get(experiment_id, Position(experiment_id, (), waits=False))
            job, left = self._rest(trace, position, now)
            jobs.append(job)
            needs.append(left)
        before = {
            (number, place): self._starts[job.name, need.use, need.key] - now
            for number, (job, left) in enumerate(zip(jobs, needs, strict=True))
            for place, need in enumerate(left)
            if (job.name, need.use, need.key) in self._starts
        }
        problem = Problem([_as_it_is(each, stations, now) for each in self._resources], jobs)
        schedule = optimised(problem, effort=effort, gap=_GAP, planned=before)
        uses = [
            PlannedUse(
                jobs[each.job].name,
                needs[each.job][each.use].use,
                needs[each.job][each.use].key,
                now + each.start,
            )
            for each in schedule.bookings
            if jobs[each.job].uses[each.use].unit is None
        ]
        self._starts = {(each.experiment_id, each.use, each.key): each.start for each in uses}
        return UsePlan(uses, _PATIENCE * schedule.makespan)

    def _rest(self, trace: Trace, position: Position, now: float) -> tuple[Job, list[Need]]:
        """Return what is left of an experiment as a job, and the need behind each of its uses."""
        own, late = self._own_second(trace, position, now)
        held = {v.use: v for v in position.visits if v.left is None}
        over = {v.use for v in position.visits if v.left is not None}
        uses: list[Use] = []
        needs: list[Need] = []
        for need in trace.needs:
            if need.use in over:
                continue
            visit = held.get(need.use)
            begin = 0.0 if visit else late + self.factor * max(0.0, need.begin - own)
            end = max(begin, late + self.factor * (need.end - own))
            unit = None if visit is None else self._unit(visit, need.key)
            uses.append(Use(need.key, begin, end, need.setting, unit))
            needs.append(need)
        seconds = late + self.factor * max(0.0, trace.seconds - own)
        return Job(position.experiment_id, uses, seconds), needs

    def _own_second(self, trace: Trace, position: Position, now: float) -> tuple[float, float]:
        """Return how much of an experiment's own time is over, and the seconds that it is late.

        What is late already is expected to be late once more by as much.
        """
        visits = {visit.use: visit for visit in position.visits}
        own, since = 0.0, self._began[position.experiment_id]
        left: list[float] = [trace.seconds]
        for event in _events(trace):
            visit = visits.get(event.need.use)
            at = None
            if visit is not None:
                at = visit.got + visit.preparing if event.gets else visit.left
            if at is None:
                left.append(event.own)
            elif event.own >= own:
                own, since = event.own, at
        following = max(own, min(left))
        if since > now:
            # What it has is warmed up, or changed over: its own time stands still until then.
            return own, since - now
        if position.waits:
            return following, 0.0
        expected = own + (now - since) / self.factor
        return min(following, expected), self.factor * max(0.0, expected - following)

    def _unit(self, visit: Visit, key: str) -> int:
        """Return the number of the station that a visit has; 0 for a device."""
        name = dict(visit.stations).get(key, "")
        names = self._stations.get(key, ())
        return names.index(name) if name in names else 0


def _as_it_is(
    resource: Resource, stations: Mapping[str, Sequence[StationState]], now: float
) -> Resource:
    """Return a kind of stations with how each stands: cold, or cleaned until some second."""
    states = stations.get(resource.name)
    if not states:
        return resource
    units = tuple(
        UnitState(max(0.0, each.free_at - now), not each.cold, each.setting) for each in states
    )
    return replace(resource, units=units)


def _events(trace: Trace) -> list[_Event]:
    both = [(need.begin, True, need) for need in trace.needs]
    both += [(need.end, False, need) for need in trace.needs]
    return sorted((_Event(*each) for each in both), key=lambda each: (each.own, each.gets))
