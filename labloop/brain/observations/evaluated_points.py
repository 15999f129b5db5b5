"""What was tried already, kept from round to round: a campaign of thousands asks every time."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from labloop.errors import SpaceError
from labloop.records import Dataset, FloatArray, Observation, Point
from labloop.space import SearchSpace

_TREE = 128
"""Points go into a tree by so many, those left over are compared one by one: which go where
hangs on their number alone, so that the same history gives the same bits. A short campaign is
spared the tree, whose import takes 0.2 s.
"""


@dataclass(frozen=True, slots=True)
class EvaluatedPoints:
    """Legal points that were tried or are under way.

    Attributes:
        points: N points, those of the dataset in its order, then the pending ones.
        encoded: ``N x d`` rows of the unit cube.
        tree: over the first rows, a multiple of 128; None for fewer.
    """

    points: Sequence[Point]
    encoded: FloatArray
    tree: Any = None

    def distances(self, encoded: FloatArray) -> FloatArray:
        """Return the squared distance of each of ``n x d`` rows to its nearest tried point."""
        nearest: FloatArray = np.full(len(encoded), np.inf)
        rest = self.encoded
        if self.tree is not None and len(encoded):
            there = self.encoded[self.tree.query(encoded)[1]]
            nearest, rest = ((encoded - there) ** 2).sum(1), self.encoded[self.tree.n :]
        for row in rest:
            nearest = np.minimum(nearest, ((encoded - row) ** 2).sum(1))
        return nearest


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was worked out for the observations that a dataset began with."""

    observations: tuple[Observation, ...]
    counts: NDArray[np.int64]
    """Legal points of each: what was carried out, and what was asked for where another point
    was reached; none where a person has left the space."""
    points: tuple[Point, ...]
    encoded: FloatArray
    tree: Any


_KEPT: dict[int, tuple[ref[SearchSpace], _Kept]] = {}
"""The newest of each living space, by identity: to compare two spaces takes as long as a pool.

Only time is saved by it: what is kept is what would be worked out anew.
"""


def evaluated_points(
    space: SearchSpace, data: Dataset, pending: Sequence[Point]
) -> EvaluatedPoints:
    """Return every legal point that was tried or is under way, with its encoded row."""
    kept = _grown(space, _kept(space), data.observations)
    _keep(space, kept)
    waiting = _legal(space, pending)
    encoded = np.concatenate([kept.encoded, _rows(space, waiting)]) if waiting else kept.encoded
    return EvaluatedPoints(kept.points + waiting, encoded, kept.tree)


def _kept(space: SearchSpace) -> _Kept | None:
    living, kept = _KEPT.get(id(space), (None, None))
    return kept if living is not None and living() is space else None


def _keep(space: SearchSpace, kept: _Kept) -> None:
    key = id(space)
    _KEPT[key] = (ref(space, lambda _: _KEPT.pop(key, None)), kept)


def _grown(space: SearchSpace, kept: _Kept | None, observations: tuple[Observation, ...]) -> _Kept:
    """Return ``kept`` with what is new; begun anew from the first observation that differs."""
    if kept is None:
        kept = _Kept((), np.zeros(0, dtype=np.int64), (), np.zeros((0, space.dimension)), None)
    if kept.observations is observations:
        return kept
    same = _common(kept.observations, observations)
    old = int(kept.counts[:same].sum())
    news = [_legal(space, _points(one)) for one in observations[same:]]
    points = tuple(p for each in news for p in each)
    encoded = np.concatenate([kept.encoded[:old], _rows(space, points)])
    return _Kept(
        observations,
        np.concatenate([kept.counts[:same], np.array([len(p) for p in news], dtype=np.int64)]),
        kept.points[:old] + points,
        encoded,
        _tree(encoded, kept.tree if old == len(kept.points) else None),
    )


def _points(one: Observation) -> tuple[Point, ...]:
    return (one.point,) if one.asked is None else (one.point, one.asked)


def _tree(encoded: FloatArray, known: Any) -> Any:
    """Return the tree over the first rows, a multiple of 128; None for fewer."""
    many = len(encoded) // _TREE * _TREE
    if not many:
        return None
    if known is not None and known.n == many:
        return known
    from scipy.spatial import KDTree  # noqa: PLC0415 - not for a short campaign

    return KDTree(encoded[:many])


def _common(before: Sequence[Observation], now: Sequence[Observation]) -> int:
    """Return how many observations both begin with."""
    least = min(len(before), len(now))
    # Nearly always all of them. Comparing two tuples looks at identity first and takes a
    # fifth of the time of a loop, ten thousand times in a long campaign.
    if before[:least] == now[:least]:
        return least
    return next(i for i, (one, other) in enumerate(zip(before, now, strict=False)) if one != other)


def _legal(space: SearchSpace, points: Sequence[Point]) -> tuple[Point, ...]:
    """Return the legal ones of ``points``, normalised."""
    made = []
    for point in points:
        with suppress(SpaceError):
            made.append(space.validate(point))
    return tuple(made)


def _rows(space: SearchSpace, points: Sequence[Point]) -> FloatArray:
    return np.asarray(space.encode(points)) if points else np.zeros((0, space.dimension))
