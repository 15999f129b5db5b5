"""How far outputs stay within their outcome constraints, on the scale that is learned best.

An output matters near its bound, and far off it may be larger by orders of magnitude. Then its
distance from the bound is learned on a scale that is straight near the bound and logarithmic
far away (bilog; Eriksson and Poloczek, AISTATS 2021), in units of the distances seen.
"""

from collections.abc import Iterator

import numpy as np

from labloop.records import FloatArray
from labloop.surrogates._base import TrainingData


def slacks(data: TrainingData) -> Iterator[tuple[int, FloatArray]]:
    """Yield the column of each bound and ``n`` distances: 0 or more if kept, NaN if unknown."""
    for column, low, high in data.objective.bounds:
        y = data.outputs[:, column].numpy()
        if np.isfinite(low):
            yield column, y - low
        if np.isfinite(high):
            yield column, high - y


def bilog(slack: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ``n`` distances on the bilog scale, and its ``n`` slopes there, NaN where unknown."""
    size = np.abs(slack)
    known = size[~np.isnan(size)]
    unit = float(np.median(known)) or float(known.max()) or 1.0
    return np.sign(slack) * np.log1p(size / unit), 1.0 / (unit + size)
