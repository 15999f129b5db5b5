"""Candidates that a person gives, in the order in which they are worth doing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labloop.brain.observations import keys_of, legal
from labloop.brain.strategies.base import Strategy
from labloop.brain.strategies.plates import PlateStrategy
from labloop.errors import BrainError, SpaceError
from labloop.objectives import Objectives
from labloop.records import Dataset, Point, Prediction
from labloop.space import SearchSpace

MOST = 300
"""More candidates than these are too many to be ordered one after the other."""


@dataclass(frozen=True, slots=True)
class RankedCandidate:
    """One candidate with its place.

    Attributes:
        place: 1 is what to do first; None where it cannot be ranked.
        row: its number in the list that was given, from 1.
        point: its conditions, as they would be carried out; as given where they are not legal.
        reason: what it is for, or why it has no place.
        predicted: what is expected of it, where there is a model.
    """

    place: int | None
    row: int
    point: Mapping[str, Any]
    reason: str
    predicted: Mapping[str, Prediction]


def rank_candidates(
    strategy: Strategy,
    space: SearchSpace,
    objective: Objectives,
    data: Dataset,
    pending: Sequence[Point],
    candidates: Sequence[Mapping[str, Any]],
    seed: int,
) -> list[RankedCandidate]:
    """Return candidates in the order in which a strategy would do them.

    The second is what to do while the first is under way, and so on, so that near twins do not
    stand side by side. What was measured already, or is not legal, stands last with its reason.

    Raises:
        BrainError: no candidates, or more than 300 that could be ranked.
    """
    if not candidates:
        raise BrainError("a ranking needs candidates; give points such as [{'x': 0.5}]")
    tried = {o.point_key: o.experiment_id for o in _keyed(space, data)}
    rest: list[RankedCandidate] = []
    open_points: dict[bytes, tuple[int, Point]] = {}
    for row, given in enumerate(candidates, start=1):
        try:
            point = space.validate(given)
        except SpaceError as error:
            rest.append(RankedCandidate(None, row, given, f"not legal: {error}", {}))
            continue
        key = keys_of(space, [point])[0]
        if key in tried:
            why = f"measured already, as experiment {tried[key]}"
            rest.append(RankedCandidate(None, row, point, why, {}))
        elif key in open_points:
            why = f"the same as row {open_points[key][0]}"
            rest.append(RankedCandidate(None, row, point, why, {}))
        else:
            open_points[key] = row, point
    if len(open_points) > MOST:
        raise BrainError(
            f"{len(open_points)} candidates are too many to be ranked one after the other, at "
            f"most {MOST} are; make them the rows of a Pool, and ask"
        )
    return [*_ranked(strategy, space, objective, data, pending, open_points, seed), *rest]


def _ranked(
    strategy: Strategy,
    space: SearchSpace,
    objective: Objectives,
    data: Dataset,
    pending: Sequence[Point],
    candidates: Mapping[bytes, tuple[int, Point]],
    seed: int,
) -> list[RankedCandidate]:
    if not candidates:
        return []
    listed = space.listing([point for _, point in candidates.values()])
    if isinstance(strategy, PlateStrategy) and isinstance(strategy.alone, Strategy):
        # A ranking is of single experiments: replicates and controls have no place in it.
        strategy = strategy.alone
    asked = strategy.propose(listed, objective, data, pending, len(candidates), seed)
    ranked: list[RankedCandidate] = []
    left = dict(candidates)
    for proposal in asked.proposals:
        row, point = left.pop(keys_of(space, [proposal.point])[0])
        ranked.append(
            RankedCandidate(len(ranked) + 1, row, point, proposal.reason, proposal.predicted)
        )
    # What is under way has no place among what is to be begun.
    return ranked + [
        RankedCandidate(None, row, point, "under way", {}) for row, point in left.values()
    ]


@dataclass(frozen=True, slots=True)
class _Keyed:
    point_key: bytes
    experiment_id: str


def _keyed(space: SearchSpace, data: Dataset) -> list[_Keyed]:
    return [
        _Keyed(keys_of(space, found)[0], o.experiment_id)
        for o in data.observations
        if not o.failed and (found := legal(space, [o.point]))
    ]
