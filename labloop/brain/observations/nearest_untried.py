"""What another planner asks for, as legal points that were not tried yet."""

from collections.abc import Sequence

import numpy as np

from labloop.brain.observations.history import (
    exhausted,
    fresh,
    labels,
    new_points,
    open_candidates,
)
from labloop.brain.observations.seeding import small_seed
from labloop.records import FloatArray, Point
from labloop.space import SearchSpace


def nearest_untried(
    space: SearchSpace, asked: FloatArray, seen: Sequence[Point], n: int, seed: int
) -> list[Point]:
    """Return ``n`` legal untried points: the nearest ones to encoded rows.

    Where a row on a continuum was tried already, or there are fewer than ``n`` rows, a new point
    is drawn from ``seed``. In a finite space fewer are returned where no more are left.

    Raises:
        SpaceExhaustedError: no point is left.
    """
    points = _nearest(space, asked, seen, n)
    if len(points) < n:
        points += new_points(space, [*seen, *points], n - len(points), small_seed(seed, 1))
    if not points:
        raise exhausted(space.size or 0)
    return points


def _nearest(space: SearchSpace, asked: FloatArray, seen: Sequence[Point], n: int) -> list[Point]:
    candidates = space.candidates()
    if candidates is None:
        return fresh(space, space.decode(asked), labels(space, seen), n)
    mask = open_candidates(candidates, seen, strict=space.nonrepeatable)
    picked: list[int] = []
    for row in asked[:n]:
        away = ((np.asarray(candidates.encoded) - row) ** 2).sum(1)
        away[np.logical_not(mask)] = np.inf
        if np.isinf(away).all():
            break
        picked.append(int(np.argmin(away)))
        mask[picked[-1]] = False
    return [candidates.point(i) for i in picked]
