"""Replicates tell how noisy a place is: where they differ far more than others, each tells less.

One noise is learned for all results. Where it differs over the space (near a boiling point, at
small amounts), the spread of three or more replicates says so without another model.
"""

import numpy as np

from labloop.records import FloatArray

_LEAST = 3
"""Replicates of a point from which on their spread counts."""
_CLEAR = 4.0
"""Times the usual variance of replicates, from which on a point is noisier than others."""
_PRIOR = 3.0
"""Degrees of freedom that the usual variance has beside those of the replicates of a point."""


def excess_variance(x: FloatArray, y: FloatArray, known: FloatArray) -> FloatArray:
    """Return ``n`` variances that replicates have beyond the usual noise, 0 where nothing is said.

    The usual variance is the lower median over points with replicates, so there must be two.

    Args:
        x: ``n x d`` encoded points.
        y: ``n`` measurements in any unit, NaN where there is none.
        known: ``n`` variances that came with the measurements; these are believed.
    """
    excess = np.zeros(len(y))
    open_rows = np.flatnonzero(~np.isnan(y) & (known == 0.0))
    if len(open_rows) < 2 * _LEAST:
        return excess
    _, group, sizes = np.unique(x[open_rows], axis=0, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    groups = [open_rows[group == g] for g in np.flatnonzero(sizes >= _LEAST)]
    if len(groups) < 2:
        return excess
    spread = np.array([y[rows].var(ddof=1) for rows in groups])
    usual = float(np.sort(spread)[(len(spread) - 1) // 2])
    for rows, variance in zip(groups, spread, strict=True):
        if variance > _CLEAR * usual:
            free = len(rows) - 1
            excess[rows] = free * (variance - usual) / (_PRIOR + free)
    return excess
