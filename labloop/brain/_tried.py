"""What was tried already, kept from round to round: a campaign of thousands asks every time."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from weakref import ref

import numpy as np

from labloop.errors import SpaceError
from labloop.records import Dataset, FloatArray, Observation, Point
from labloop.space import SearchSpace

_FEW = 500
"""So many are compared one by one: a tree pays beyond, and its import takes 0.2 s."""


@dataclass(frozen=True, slots=True)
class Tried:
    """Legal points that were tried or are under way.

    Attributes:
        points: N points, those of the dataset in its order, then the pending ones.
        encoded: ``N x d`` rows of the unit cube.
    """

    points: Sequence[Point]
    encoded: FloatArray

    def distances(self, encoded: FloatArray) -> FloatArray:
        """Return the squared distance of each of ``n x d`` rows to its nearest tried point."""
        if len(self.encoded) == 0:
            return np.full(len(encoded), np.inf)
        if len(encoded) == 0:
            return np.zeros(0)
        found: FloatArray = ((encoded - self.encoded[_nearest(self.encoded, encoded)]) ** 2).sum(1)
        return found


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was worked out for the observations that a dataset began with."""

    observations: tuple[Observation, ...]
    points: tuple[tuple[Point, ...], ...]
    """Of each its legal points: what was carried out, and what was asked for where another
    point was reached; none where a person has left the space."""
    encoded: FloatArray


_KEPT: dict[int, tuple[ref[SearchSpace], _Kept]] = {}
"""The newest of each living space, by identity: to compare two spaces takes as long as a pool.

Only time is saved by it: what is kept is what would be worked out anew.
"""


def tried(space: SearchSpace, data: Dataset, pending: Sequence[Point]) -> Tried:
    """Return every legal point that was tried or is under way, with its encoded row."""
    kept = _grown(space, _kept(space), data.observations)
    _keep(space, kept)
    waiting = _legal(space, pending)
    return Tried(
        [*(p for points in kept.points for p in points), *waiting],
        np.concatenate([kept.encoded, _rows(space, waiting)]),
    )


def _kept(space: SearchSpace) -> _Kept | None:
    living, kept = _KEPT.get(id(space), (None, None))
    return kept if living is not None and living() is space else None


def _keep(space: SearchSpace, kept: _Kept) -> None:
    key = id(space)
    _KEPT[key] = (ref(space, lambda _: _KEPT.pop(key, None)), kept)


def _grown(space: SearchSpace, kept: _Kept | None, observations: tuple[Observation, ...]) -> _Kept:
    """Return ``kept`` with what is new; begun anew from the first observation that differs."""
    if kept is None:
        kept = _Kept((), (), np.zeros((0, space.dimension)))
    if kept.observations is observations:
        return kept
    same = _common(kept.observations, observations)
    legal = sum(len(points) for points in kept.points[:same])
    news = [_legal(space, _points(one)) for one in observations[same:]]
    rows = _rows(space, [p for points in news for p in points])
    return _Kept(
        observations,
        (*kept.points[:same], *news),
        np.concatenate([kept.encoded[:legal], rows]),
    )


def _points(one: Observation) -> tuple[Point, ...]:
    return (one.point,) if one.asked is None else (one.point, one.asked)


def _nearest(known: FloatArray, rows: FloatArray) -> FloatArray:
    """Return for each of ``rows`` the number of the nearest one of ``known``."""
    if len(known) > _FEW:
        from scipy.spatial import KDTree  # noqa: PLC0415 - not for a short campaign

        nearest: FloatArray = KDTree(known).query(rows)[1]
        return nearest
    return np.array([int(((known - row) ** 2).sum(1).argmin()) for row in rows])


def _common(before: Sequence[Observation], now: Sequence[Observation]) -> int:
    """Return how many observations both begin with."""
    for index, (one, other) in enumerate(zip(before, now, strict=False)):
        if one is not other:
            return index
    return min(len(before), len(now))


def _legal(space: SearchSpace, points: Sequence[Point]) -> tuple[Point, ...]:
    """Return the legal ones of ``points``, normalised."""
    made = []
    for point in points:
        with suppress(SpaceError):
            made.append(space.validate(point))
    return tuple(made)


def _rows(space: SearchSpace, points: Sequence[Point]) -> FloatArray:
    return np.asarray(space.encode(points)) if points else np.zeros((0, space.dimension))
