"""How far outputs stay within their outcome constraints, on the scale that is learned best.

An output matters near its bound, and far off it may be larger by orders of magnitude. Then its
distance from the bound is learned on a scale that is straight near the bound and logarithmic
far away (bilog; Eriksson and Poloczek, AISTATS 2021), in units of the distances seen.
"""

from collections.abc import Iterator

import numpy as np

from labloop.records import FloatArray
from labloop.surrogates._base import TrainingData


def slacks(data: TrainingData) -> Iterator[FloatArray]:
    """Yield ``n`` distances from each bound, 0 or more where it is kept, NaN where unknown."""
    for column, low, high in data.objective.bounds:
        y = data.outputs[:, column].numpy()
        if np.isfinite(low):
            yield y - low
        if np.isfinite(high):
            yield high - y


def bilog(slack: FloatArray) -> tuple[FloatArray, float]:
    """Return ``n`` distances on the bilog scale, and the sum of the logarithms of its slopes.

    That sum turns a density of the result into one of the distances; unknown ones are left out.
    """
    size = np.abs(slack)
    known = size[~np.isnan(size)]
    unit = float(np.median(known)) or float(known.max()) or 1.0
    slopes = -np.log1p(known / unit) - np.log(unit)
    return np.sign(slack) * np.log1p(size / unit), float(slopes.sum())
