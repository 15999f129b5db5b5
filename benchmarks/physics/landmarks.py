"""Where a laboratory's score is 0 and 1: the median of its space and its optimum."""

from dataclasses import dataclass

import numpy as np

from benchmarks.physics.labs import Lab
from labloop.records import Point

_SAMPLE = 4096
_ENCODED_END = 1.0 - 1e-12


@dataclass(frozen=True)
class Landmarks:
    """Where the score is 0 and 1, and how much of the space scores at least 0.95."""

    median: float
    optimum: float
    point: Point
    share: float

    def score(self, value: float) -> float:
        """Return how far a value lies on the way from the median to the optimum."""
        return (value - self.median) / (self.optimum - self.median)


_FOUND: dict[str, Landmarks] = {}


def landmarks(lab: Lab) -> Landmarks:
    """Return the landmarks of a lab, found once."""
    if lab.name not in _FOUND:
        _FOUND[lab.name] = _search(lab)
    return _FOUND[lab.name]


def _search(lab: Lab) -> Landmarks:
    """Return the best of Sobol points and of ever smaller steps from the best few."""
    points = lab.space.sample(_SAMPLE, 1)
    values = lab.value(points)
    random = np.random.default_rng(0)
    best_point, best = points[int(values.argmax())], float(values.max())
    for start in np.argsort(values)[::-1][:6]:
        row, top = lab.space.encode([points[start]])[0], float(values[start])
        for width in np.geomspace(0.15, 0.001, 24):
            moved = row + width * random.standard_normal((48, len(row)))
            tried = lab.space.decode(np.clip(moved, 0.0, _ENCODED_END))
            found = lab.value(tried)
            if found.max() > top:
                top, here = float(found.max()), tried[int(found.argmax())]
                row = lab.space.encode([here])[0]
                if top > best:
                    best, best_point = top, here
    median = float(np.median(values))
    share = float(np.mean((values - median) / (best - median) >= 0.95))
    return Landmarks(median, best, best_point, share)
