"""What the strategies read out of past experiments."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from labloop.errors import BrainError, SpaceError, SpaceExhaustedError
from labloop.objectives import Objectives
from labloop.records import Dataset, FloatArray, Observation, Point
from labloop.space import Candidates, SearchSpace

_SAME = 1e-9
"""Numbers that differ by less, as a share of their range, are the same one."""

_MOST_AT_ONCE = 100_000
"""More points at once are a mistake, and would be drawn until the memory is full."""


def keys_of(space: SearchSpace, points: Sequence[Point]) -> list[bytes]:
    """Return, for each legal point, what makes it the same one as another."""
    if not points:
        return []
    rows = np.rint(np.asarray(space.encode(points)) / _SAME).astype(np.int64)
    return [row.tobytes() for row in rows]


def legal(space: SearchSpace, points: Iterable[Point]) -> list[Point]:
    """Return the points that lie in the space, normalised; a person may have left it."""
    kept = []
    for point in points:
        try:
            kept.append(space.validate(point))
        except SpaceError:
            continue
    return kept


def usable(
    space: SearchSpace, objective: Objectives, data: Dataset, *, incomplete: bool = False
) -> list[Observation]:
    """Return the experiments that can teach: done, with all outputs and a place in the space.

    One that lies outside of it, by a person's wish or as it was reached, still teaches.

    Args:
        space: where the experiments lie.
        objective: the outputs that it reads are those that count.
        data: every experiment.
        incomplete: take also those that have some of the outputs, but not all.
    """
    wanted = any if incomplete else all
    known = [o for o in data.done if wanted(name in o.outputs for name in objective.outputs)]
    if _encodable(space, [o.point for o in known]):
        return known
    return [o for o in known if _encodable(space, [o.point])]


def _encodable(space: SearchSpace, points: Sequence[Point]) -> bool:
    try:
        space.encode(points)
    except SpaceError:
        return False
    return True


def new_points(space: SearchSpace, seen: Sequence[Point], n: int, seed: int) -> list[Point]:
    """Return up to ``n`` spread-out points that are not in ``seen``, none where none is left."""
    if space.size is not None:
        n = min(n, space.size - len(labels(space, seen)))
    if n < 1:
        return []
    try:
        return fresh(space, space.sample(n, seed, exclude=seen), labels(space, seen), n)
    except SpaceExhaustedError:
        return []


def check_count(n: int) -> None:
    """Raise BrainError unless ``n`` is a batch size."""
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= _MOST_AT_ONCE:
        raise BrainError(f"ask for 1 to {_MOST_AT_ONCE} proposals, got n={n!r:.60}")


def open_candidates(candidates: Candidates, seen: Sequence[Point], *, strict: bool) -> FloatArray:
    """Return a mask of the candidates that were never tried.

    Where all were tried, a space that allows repeats opens all of them again.

    Raises:
        SpaceExhaustedError: all were tried and ``strict`` forbids a second time.
    """
    mask = np.ones(len(candidates), dtype=bool)
    for point in seen:
        mask[candidates.index_of(point)] = False
    if mask.any():
        return mask
    if strict:
        raise exhausted(len(candidates))
    return np.ones(len(candidates), dtype=bool)


def exhausted(count: int) -> SpaceExhaustedError:
    """Return the error of a space without a point left."""
    return SpaceExhaustedError(
        f"all {count} legal points of the space were tried or are under way; "
        "widen the space, or end the campaign"
    )


def fresh(
    space: SearchSpace, points: Sequence[Point], taken: Collection[bytes], n: int
) -> list[Point]:
    """Return the first ``n`` points that are neither taken nor repeated."""
    used = set(taken)
    kept: list[Point] = []
    for point, key in zip(points, keys_of(space, points), strict=True):
        if len(kept) == n:
            break
        if key not in used:
            used.add(key)
            kept.append(point)
    return kept


def labels(space: SearchSpace, seen: Sequence[Point]) -> set[bytes]:
    """Return the keys of ``seen``."""
    return set(keys_of(space, seen))
