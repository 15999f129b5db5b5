"""Rows into the dataset that a strategy learns from."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from labloop.objectives import Objectives
from labloop.records import (
    CurveData,
    Dataset,
    ExperimentState,
    Observation,
    OutputValue,
    Point,
    Repositories,
    ScalarValue,
)
from labloop.space import SearchSpace


def build_dataset(repositories: Repositories, campaign_id: str, space: SearchSpace) -> Dataset:
    """Return everything that a campaign has measured, by number of the experiment.

    A failed experiment is in it without outputs; one that was analysed again is in it with
    its newest outputs. One that a person settled as done, without outputs, is not in it:
    nothing was learned, not even that it fails. By number and not by time, so that the same
    experiments give the same dataset in whichever order they finished.
    """
    outputs = repositories.experiments.outputs(campaign_id)
    ended = {ExperimentState.DONE, ExperimentState.FAILED}
    rows = repositories.experiments.all(campaign_id, ended)
    return Dataset(
        tuple(
            observation(row.id, row.point, outputs.get(row.id, {}), space)
            for row in rows
            if tells_something(row.state, outputs.get(row.id, {}))
        )
    )


def tells_something(state: ExperimentState, outputs: Mapping[str, OutputValue]) -> bool:
    """Return whether the brain can learn from an experiment that ended in ``state``."""
    return bool(outputs) or state is ExperimentState.FAILED


def observation(
    experiment_id: str, point: Point, outputs: Mapping[str, OutputValue], space: SearchSpace
) -> Observation:
    """Return one experiment as the brain sees it; without outputs it has failed."""
    scalars = {k: v for k, v in outputs.items() if isinstance(v, ScalarValue)}
    return Observation(
        experiment_id=experiment_id,
        point=space.validate(point),
        outputs={k: v.value for k, v in scalars.items()},
        sd={k: v.sd for k, v in scalars.items() if v.sd is not None},
        curves={k: v for k, v in outputs.items() if isinstance(v, CurveData)},
        failed=not outputs,
    )


class Measured:
    """What was measured so far, kept beside the database so that no round reads it again."""

    def __init__(self, objectives: Objectives) -> None:
        """Begin with nothing; ``objectives`` say what is best."""
        self.numbers: dict[str, int] = {}
        self.failed = 0
        self.data = Dataset()
        self.best: Observation | None = None
        self._objectives = objectives

    def add(self, *observations: Observation) -> None:
        """Take observations in, by number of the experiment."""
        known = list(self.data.observations)
        news = True
        for one in observations:
            at = bisect_left(known, self._number(one), key=self._number)
            same = at < len(known) and known[at].experiment_id == one.experiment_id
            known[at : at + same] = [one]
            news = news and not same
        self.data = Dataset(tuple(known))
        self.best = self._best(observations if news else known)

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
        """Return the first aim of each finished experiment, larger is better."""
        return [self._objectives.score(o.outputs)[0] for o in self.data.done]
