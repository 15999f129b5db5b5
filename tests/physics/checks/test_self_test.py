"""The self-test finds impossible values and tells their place."""

import pytest
import torch

from labloop.physics import (
    CurveAxis,
    FunctionPhysics,
    Mean,
    Prior,
    check_physics,
)
from labloop.space import Continuous, SearchSpace

SPACE = SearchSpace(
    Continuous("time", 1, 60, unit="min", log=True),
    Continuous("temperature", 30, 90, unit="degC"),
    Continuous("amount", 0.05, 0.5, unit="mol/L"),
)
K = Prior(0.05, "1/min", fold=3)


def line(predict, parameters, outputs=("y",)):
    """Return a function of the time."""
    return FunctionPhysics(predict, parameters, {"time": "s"}, outputs)


def found(model, name):
    """Return the finding of a name."""
    return next(f for f in check_physics(model, SPACE).findings if f.name == name)


@pytest.mark.parametrize(
    ("value", "unit", "match"),
    [
        (-1.0, "mol/L", "y is -1 mol/L, a negative amount"),
        (float("nan"), "1", "y is nan"),
        (float("inf"), "1", "y is inf"),
    ],
)
def test_impossible_values_are_told_with_their_place(value, unit, match):
    """Negative concentrations, NaN, infinity."""
    model = line(lambda x, t: {"y": value + 0 * x["time"] * t["a"]}, {"a": K}, {"y": unit})
    finding = found(model, "values")
    assert not finding.holds
    assert match in finding.sentence
    assert "time = " in finding.sentence


def test_a_bad_point_of_a_curve_is_told_with_its_place():
    """The point of the axis is named."""
    axis = CurveAxis.even(400, 500, 3, "nm")
    model = FunctionPhysics(
        lambda x, t: {"s": x["time"].unsqueeze(-1) * torch.tensor([1.0, torch.nan, 1.0])},
        {},
        {"time": "s"},
        {"y": Mean("s")},
        curves={"s": axis},
    )
    assert "nan" in found(model, "values").sentence
