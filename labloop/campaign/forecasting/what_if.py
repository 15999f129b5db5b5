"""What one more oven, or a better order, would buy: a run ahead is scheduled once more.

Of each experiment of a run ahead is known what it held and when, and how long it waited. Without
its waits that is a job; the jobs of a round are carried out again as they were, and with one more
of each kind.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from labloop.campaign.forecasting.simulated_run import Experiment, SimulatedRun
from labloop.campaign.ordering import waits_of
from labloop.errors import DefinitionError
from labloop.lab import LabFile
from labloop.records import Occupation
from labloop.scheduling import (
    Job,
    Problem,
    Resource,
    Schedule,
    Use,
    first_come,
    optimised,
    solver_missing,
)

_PLACE = "experiments at once"
"""The resource that every job holds all the time."""
_ROUNDS = 4
"""Of so many rounds a better order is looked for; it takes half a second each."""


class Again:
    """The experiments of a run ahead, to be carried out again without a lab.

    Args:
        run: what happened ahead.
        lab_file: what there is.
        parallel: how many experiments are in the lab at once.
        asynchronous: whether there are no rounds.
    """

    def __init__(
        self, run: SimulatedRun, lab_file: LabFile, parallel: int, *, asynchronous: bool
    ) -> None:
        self._resources = resources_of(lab_file, parallel)
        self._rounds = rounds_of(run, asynchronous=asynchronous)

    def one_more(self, kinds: Sequence[str]) -> Mapping[str, float]:
        """Return kind of stations, or device -> the share of the time that one more of it saves.

        Empty where they cannot be carried out again: in another order they might wait for each
        other for ever.
        """
        try:
            before = _seconds(self._rounds, self._resources, first_come)
            return {
                kind: _saved(
                    before,
                    _seconds(self._rounds, _with_one_more(self._resources, kind), first_come),
                )
                for kind in kinds
            }
        except DefinitionError:
            return {}

    def better_order(self) -> float | None:
        """Return the share of the time that a better order saves; None where nobody knows."""
        if solver_missing():
            return None
        rounds = self._rounds[:_ROUNDS]
        try:
            before = _seconds(rounds, self._resources, first_come)
        except DefinitionError:
            return None
        return _saved(before, _seconds(rounds, self._resources, optimised))


def resources_of(lab_file: LabFile, parallel: int) -> list[Resource]:
    """Return what experiments of a lab share."""
    found = [Resource(_PLACE, parallel)]
    for kind, table in lab_file.stations.items():
        rules = table.rules()
        count = len(table.all(kind))
        found.append(Resource(kind, count, rules.capacity, rules.cleaning, rules.change_over))
    return found + [Resource(f"lab.{name}") for name in lab_file.devices]


def rounds_of(run: SimulatedRun, *, asynchronous: bool) -> list[list[Job]]:
    """Return the experiments of a run as jobs, in order of their begins: a list each round."""
    held: dict[str, list[Occupation]] = {}
    for each in run.holds:
        held.setdefault(each.experiment_id or "", []).append(each)
    ordered = sorted(run.experiments_in_lab, key=lambda each: (each.started, each.number))
    jobs = [(each.round_index, _job(each, held.get(each.id, []))) for each in ordered]
    if asynchronous:
        return [[job for _, job in jobs]]
    return [[job for _, job in group] for _, group in groupby(jobs, key=lambda each: each[0])]


def _seconds(
    rounds: Sequence[Sequence[Job]],
    resources: Sequence[Resource],
    carry_out: Callable[[Problem], Schedule],
) -> float:
    return sum(carry_out(Problem(resources, jobs)).makespan for jobs in rounds)


def _with_one_more(resources: Sequence[Resource], kind: str) -> list[Resource]:
    return [
        replace(each, count=each.count + 1) if each.name in {kind, f"lab.{kind}"} else each
        for each in resources
    ]


def _saved(before: float, after: float) -> float:
    return max(0.0, 1 - after / before) if before else 0.0


def _job(experiment: Experiment, holds: Sequence[Occupation]) -> Job:
    length = _own(experiment, holds, experiment.finished)
    uses = [
        Use(
            each.key,
            _own(experiment, holds, each.start),
            _own(experiment, holds, each.end),
            each.setting,
        )
        for each in holds
    ]
    uses.sort(key=lambda use: (use.begin, -use.end))
    return Job(experiment.id, [Use(_PLACE, 0.0, length), *uses], length)


def _own(experiment: Experiment, holds: Sequence[Occupation], moment: float) -> float:
    """Return the seconds of an experiment's own at a lab second: without what it waited."""
    waited = sum(end - begin for begin, end in waits_of(holds, moment))
    # What ends when the next thing begins must not end after it, by the error of a sum.
    return round(max(0.0, moment - experiment.started - waited), 3)
