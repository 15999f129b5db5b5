"""Rows into the dataset that a strategy learns from."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from labloop.errors import SpaceError, UnitError
from labloop.objectives import Objectives
from labloop.records import (
    ActualValue,
    CurveData,
    Dataset,
    ExperimentState,
    Observation,
    OutputValue,
    Point,
    PointValue,
    Repositories,
    ScalarValue,
)
from labloop.space import Parameter, SearchSpace
from labloop.units import convert


def build_dataset(
    repositories: Repositories, campaign_id: str, space: SearchSpace, *, timed: bool = False
) -> Dataset:
    """Return everything that a campaign has measured, by number of the experiment.

    A failed experiment is in it without outputs; one that was analysed again is in it with
    its newest outputs, and one that reached other conditions than those asked for at these.
    One that a person settled as done, without outputs, is not in it: nothing was learned,
    not even that it fails. Nor is one that has no place in the space.
    By number and not by time, so that the same experiments give the same dataset in whichever
    order they finished. ``timed``: with the lab seconds that each took.
    """
    outputs = repositories.experiments.outputs(campaign_id)
    actual = repositories.experiments.actual(campaign_id)
    ended = {ExperimentState.DONE, ExperimentState.FAILED}
    rows = repositories.experiments.all(campaign_id, ended)
    # A person may have said of one with outputs that it failed.
    counted = {row.id: outputs.get(row.id, {}) for row in rows if row.state is ExperimentState.DONE}
    seen = (
        observation(
            row.id,
            row.point,
            counted.get(row.id, {}),
            space,
            actual.get(row.id, {}),
            seconds=seconds_between(row.lab_started, row.lab_finished) if timed else None,
        )
        for row in rows
        if is_informative(row.state, counted.get(row.id, {}))
    )
    return Dataset(tuple(one for one in seen if one is not None))


def is_informative(state: ExperimentState, outputs: Mapping[str, OutputValue]) -> bool:
    """Return whether the brain can learn from an experiment that ended in ``state``."""
    return bool(outputs) or state is ExperimentState.FAILED


def actual_point(asked: Point, actual: Mapping[str, ActualValue], space: SearchSpace) -> Point:
    """Return the conditions at which an experiment was carried out.

    Those reached where they are known, else those asked for, in the units of the space.

    Raises:
        SpaceError: they have no place in the space.
    """
    point = dict(asked)
    for parameter in space.parameters:
        if (reached := actual.get(parameter.name)) is not None:
            point[parameter.name] = _reached(reached, parameter)
    return space.placed(point, asked)


def _reached(reached: ActualValue, parameter: Parameter) -> PointValue:
    if isinstance(reached, str):
        return reached
    try:
        return convert(reached.value, reached.unit, parameter.unit)
    except UnitError as error:
        raise SpaceError(f"the {parameter.name} that was reached: {error}") from error


def observation(
    experiment_id: str,
    asked: Point,
    outputs: Mapping[str, OutputValue],
    space: SearchSpace,
    actual: Mapping[str, ActualValue] = MappingProxyType({}),
    seconds: float | None = None,
) -> Observation | None:
    """Return one experiment as the brain sees it; without outputs it has failed.

    None where what was carried out has no place in the space.
    """
    scalars = {k: v for k, v in outputs.items() if isinstance(v, ScalarValue)}
    try:
        point = actual_point(asked, actual, space)
    except SpaceError:
        return None
    return Observation(
        experiment_id=experiment_id,
        point=point,
        asked=asked if actual and point != asked else None,
        outputs={k: v.value for k, v in scalars.items()},
        sd={k: v.sd for k, v in scalars.items() if v.sd is not None},
        curves={k: v for k, v in outputs.items() if isinstance(v, CurveData)},
        failed=not outputs,
        seconds=seconds,
    )


def seconds_between(started: float | None, finished: float | None) -> float | None:
    """Return the lab seconds that an experiment took; None where it never was in a lab."""
    if started is None or finished is None:
        return None
    # The same whether it is counted live or from what was stored.
    return round(max(finished - started, 0.0), 3)


class LiveDataset:
    """What was measured so far, kept beside the database so that no round reads it again."""

    def __init__(self, objectives: Objectives) -> None:
        """Begin with nothing; ``objectives`` say what is best."""
        self.numbers: dict[str, int] = {}
        self.failed = 0
        self.data = Dataset()
        self.best: Observation | None = None
        self.kept = ""
        """How many results keep what is demanded of them, in words; empty where nothing is."""
        self._objectives = objectives
        self._scores: list[float] = []

    def add(self, *seen: Observation | None) -> None:
        """Take observations in, by number of the experiment; None has no place in the space."""
        new = {self._number(one): one for one in seen if one is not None}
        if not new:
            return
        # All before the first new one stays as it is, nearly always everything.
        known, lowest = self.data.observations, min(new)
        start = bisect_left(known, lowest, key=self._number)
        tail = {self._number(one): one for one in known[start:]}
        replaced = tail.keys() & new.keys()
        tail |= new
        self.data = self.data.spliced(start, len(known), [tail[n] for n in sorted(tail)])
        self.best = self._best(self.data.observations if replaced else list(new.values()))
        if start == len(known):
            # Nearly always: what came before is not looked through again.
            self._scores += self._scored(Dataset(tuple(tail[n] for n in sorted(tail))))
        else:
            self._scores = self._scored(self.data)
        if self._objectives.demands:
            many = sum(score > -np.inf for score in self._scores)
            self.kept = f"{many} of {len(self._scores)} results have {self._objectives.demands}"

    def _best(self, fresh: Sequence[Observation]) -> Observation | None:
        """Return the best, where all but ``fresh`` were compared before.

        Several aims are weighed by the ranges of all, so there each one counts anew.
        """
        if self._objectives.count > 1:
            return self._objectives.best_seen(self.data)
        rivals = {one.experiment_id: one for one in (self.best, *fresh) if one is not None}
        return self._objectives.best_seen(Dataset(tuple(sorted(rivals.values(), key=self._number))))

    def _number(self, one: Observation) -> int:
        return self.numbers[one.experiment_id]

    def scores(self) -> list[float]:
        """Return the first aim of each experiment that has all aims, larger is better.

        Minus infinity where a threshold or an outcome constraint is broken.
        """
        return list(self._scores)

    def _scored(self, data: Dataset) -> list[float]:
        outputs = self._objectives.measured(data)[1]
        scores = self._objectives.scores(outputs)[:, 0]
        found: list[float] = np.where(self._objectives.feasible(outputs), scores, -np.inf).tolist()
        return found
