"""How the best result came about, experiment by experiment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labloop.objectives import hypervolume, unbeaten
from labloop.records import (
    ExperimentState,
    Repositories,
)
from labloop.report.data import CampaignData, ExperimentData, Scores, read_campaign


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvergencePoint:
    """One experiment in the history of the best result."""

    number: int
    experiment_id: str
    state: ExperimentState
    values: Mapping[str, float]
    """The aims' outputs by name; empty without a result."""
    best: Mapping[str, float]
    """The aims' outputs of the best result by the first aim so far."""
    improved: bool
    hypervolume: float | None
    """With several aims: the volume dominated so far."""


def convergence(repositories: Repositories, campaign_id: str) -> tuple[ConvergencePoint, ...]:
    """Return the history of the best result, a point per experiment that was started.

    Raises:
        NotFoundError: no campaign has this id.
    """
    return convergence_points(read_campaign(repositories, campaign_id))


def pareto_front(data: CampaignData) -> list[ExperimentData]:
    """Return the feasible experiments that no other one beats in every aim."""
    experiments = [t for t in data.ranked if t.feasible]
    if not experiments:
        return []
    kept = unbeaten(np.array([t.scores for t in experiments if t.scores]))
    return [t for t, keep in zip(experiments, kept, strict=True) if keep]


def convergence_points(data: CampaignData) -> tuple[ConvergencePoint, ...]:
    """Return the history of the best result of the campaign whose data was read."""
    names = [aim.output for aim in data.aims.items]
    volume = _Volume(data)
    best: ExperimentData | None = None
    points = []
    for experiment in data.experiments:
        if experiment.scores is None and not experiment.lost:
            continue
        worth = experiment.scores if experiment.scores and experiment.feasible else ()
        first = worth[:1]
        better = bool(first) and (best is None or first > (best.scores or ())[:1])
        best = experiment if better else best
        points.append(
            ConvergencePoint(
                number=experiment.record.number,
                experiment_id=experiment.record.id,
                state=experiment.record.state,
                values=_values(experiment, names) if experiment.scores else {},
                best=_values(best, names) if best else {},
                improved=better,
                hypervolume=volume.with_(experiment.scores if experiment.feasible else None),
            )
        )
    return tuple(points)


def _values(experiment: ExperimentData, names: Sequence[str]) -> dict[str, float]:
    return {name: experiment.scalars[name].value for name in names}


MOST_AIMS_FOR_VOLUME = 4
"""Beyond, a hypervolume is not counted."""


class _Volume:
    """The hypervolume while results come in, from one reference point throughout."""

    def __init__(self, data: CampaignData) -> None:
        counted = 1 < len(data.aims) <= MOST_AIMS_FOR_VOLUME
        self._reference = data.aims.reference(data.dataset) if counted else None
        self._seen: list[Scores] = []
        self._volume = 0.0

    def with_(self, scores: Scores | None) -> float | None:
        """Return the volume once ``scores`` are in; None where it is not counted."""
        if self._reference is None:
            return None
        if scores is not None:
            self._seen.append(scores)
            front = np.array(self._seen)[unbeaten(np.array(self._seen))]
            if (front == scores).all(axis=1).any():
                self._seen = [tuple(row) for row in front.tolist()]
                self._volume = hypervolume(front, np.array(self._reference))
        return self._volume
