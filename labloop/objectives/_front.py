"""Several aims at once: non-dominated scores (the Pareto front) and their hypervolume."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from labloop.errors import ObjectiveError
from labloop.records import FloatArray

_MAX_AIMS = 4


def unbeaten(scores: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which rows of ``n x k`` scores are non-dominated (``n`` booleans).

    A row dominates another where it is at least as good in every column and better in one; equal
    rows do not dominate each other.
    """
    scores = np.asarray(scores, dtype=np.float64)
    keep = np.ones(len(scores), dtype=bool)
    for index, row in enumerate(scores):
        others = scores[keep]
        dominated = (others >= row).all(axis=1) & (others > row).any(axis=1)
        keep[index] = not dominated.any()
    return keep


def hypervolume(scores: FloatArray, reference: FloatArray) -> float:
    """Return the volume between ``reference`` (``k``) and the front of ``n x k`` scores.

    Exact, by slicing along the last score (J. D. Knowles, PhD thesis, Reading, 2002);
    meant for up to 4 aims and some hundred rows.

    Raises:
        ObjectiveError: more than 4 aims, or shapes that do not fit.
    """
    points = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    corner = np.asarray(reference, dtype=np.float64)
    if points.shape[1] != len(corner):
        if points.size:
            raise ObjectiveError(
                f"{points.shape[1]} scores a row do not fit a reference of {len(corner)}"
            )
        return 0.0
    if len(corner) > _MAX_AIMS:
        raise ObjectiveError(
            f"a hypervolume is computed for up to {_MAX_AIMS} aims, got {len(corner)}; "
            f"compare fewer aims"
        )
    return _volume(points[(points > corner).all(axis=1)] - corner)


def _volume(points: FloatArray) -> float:
    """Return the volume between the origin and positive points."""
    if len(points) == 0:
        return 0.0
    if points.shape[1] == 1:
        return float(points.max())
    points = points[unbeaten(points)]
    points = points[np.argsort(-points[:, -1], kind="stable")]
    if points.shape[1] == 2:
        # Sorted by falling second score: each greater width adds a slab of that height.
        widths = np.maximum.accumulate(points[:, 0])
        return float((np.diff(widths, prepend=0.0) * points[:, 1]).sum())
    heights = [*points[:, -1].tolist(), 0.0]
    slabs = (
        (top - bottom) * _volume(points[: i + 1, :-1])
        for i, (top, bottom) in enumerate(pairwise(heights))
        if top > bottom
    )
    return float(sum(slabs))
