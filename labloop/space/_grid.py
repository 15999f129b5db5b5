"""Values along one parameter, for curves over it in reports."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from labloop.records import PointValue
from labloop.space.parameters import Continuous, Ordered, Parameter

PLACES = 25
"""How many values along a continuous parameter."""
_MAX_LEVELS = 40
"""A parameter with up to so many values is shown with all of them."""


def places(parameter: Parameter) -> Sequence[PointValue]:
    """Return values from the lowest to the highest, in the parameter's unit.

    A continuum gives 25 evenly spread values (evenly in the logarithm where it is one), any other
    parameter its own values, thinned out to 25 where there are more than 40.
    """
    if isinstance(parameter, Continuous) and parameter.step is None:
        low, high = parameter.bounds
        if parameter.log:
            return [float(v) for v in _between(math.log(low), math.log(high), low, high, exp=True)]
        return [float(v) for v in _between(low, high, low, high)]
    levels = _levels(parameter)
    if len(levels) <= _MAX_LEVELS:
        return levels
    keep = np.linspace(0, len(levels) - 1, PLACES).round().astype(int)
    return [levels[i] for i in keep]


def _between(start: float, end: float, low: float, high: float, *, exp: bool = False) -> Any:
    steps = np.linspace(start, end, PLACES)
    # exp(log(low)) may miss low by a rounding error, and would then be refused.
    return np.clip(np.exp(steps) if exp else steps, low, high)


def _levels(parameter: Parameter) -> list[PointValue]:
    if isinstance(parameter, Ordered):
        return [float(v) for v in parameter.values]
    return list(parameter.values_of(parameter.all_codes()))
