"""Places along a parameter, for curves that people look at."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from labloop.records import PointValue
from labloop.space.parameters import Continuous, Ordered, Parameter

PLACES = 25
"""How many places along a continuous parameter."""
_MOST_LEVELS = 40


def places(parameter: Parameter) -> Sequence[PointValue]:
    """Return values along a parameter from end to end, as a curve over it needs them."""
    if isinstance(parameter, Continuous) and parameter.step is None:
        low, high = parameter.bounds
        if parameter.log:
            return [float(v) for v in _between(math.log(low), math.log(high), low, high, exp=True)]
        return [float(v) for v in _between(low, high, low, high)]
    levels = _levels(parameter)
    if len(levels) <= _MOST_LEVELS:
        return levels
    keep = np.linspace(0, len(levels) - 1, PLACES).round().astype(int)
    return [levels[i] for i in keep]


def _between(start: float, end: float, low: float, high: float, *, exp: bool = False) -> Any:
    steps = np.linspace(start, end, PLACES)
    # The ends exactly: a value a rounding error outside of the range would be refused.
    return np.clip(np.exp(steps) if exp else steps, low, high)


def _levels(parameter: Parameter) -> list[PointValue]:
    if isinstance(parameter, Ordered):
        return [float(v) for v in parameter.values]
    return list(parameter.values_of(parameter.all_codes()))
