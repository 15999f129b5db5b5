"""What crosses the border to a person's code keeps its unit, or is refused in a sentence."""

import numpy as np
import pytest

from labloop.campaign.execution.conditions import (
    Conditions,
    for_analysis,
    to_measurement,
    to_outputs,
)
from labloop.errors import AnalysisError, NoResultError
from labloop.records import Curve, CurveData, Quality, Reading, Scalar, ScalarValue
from labloop.units import quantity


def test_conditions_carry_the_declared_unit():
    """x.temperature is a quantity, a number of unit 1 is a number, a category a text."""
    x = Conditions({"temperature": 80.0, "ratio": 2.0, "base": "KOAc"}, {"temperature": "degC"})
    assert x.temperature.to("kelvin").magnitude == pytest.approx(353.15)
    assert x.ratio == 2.0
    assert x["base"] == "KOAc"
    assert x.numbers["temperature"] == 80.0
    with pytest.raises(AttributeError, match="no parameter 'pressure'; it has temperature"):
        x.pressure  # noqa: B018 - the access is what is tested


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (None, "must return a mapping"),
        ({}, "must return a mapping"),
        (3.0, "must return a mapping"),
        ({"y": object()}, "cannot be kept"),
        ({"y": float("nan")}, "must be finite"),
        ({"y": True}, "bool"),
        ({"y": Reading(None, "degC", 0.0, Quality.INVALID)}, "quality invalid"),
        ({"y": 1.0, "actual": 3}, "'actual' must be a mapping"),
    ],
)
def test_what_cannot_be_kept_is_refused(returned, words):
    """Nothing, NaN, an invalid reading: each is told in a sentence."""
    with pytest.raises(NoResultError, match=words):
        to_measurement(returned)


def test_a_measurement_keeps_units_and_actual_conditions():
    """Quantities, readings, numpy numbers, curves and texts are kept as they are."""
    curve = CurveData(np.arange(3.0), np.ones(3), "min", "mAU")
    made = to_measurement(
        {
            "rate": quantity(2, "mL") / quantity(1, "min"),
            "plate": Reading(81.5, "degC", 3.0),
            "n": np.float64(3.0),
            "trace": curve,
            "note": "clear",
            "actual": {"temperature": quantity(79.5, "degC")},
        }
    )
    assert made.raw["rate"] == ScalarValue(2.0, "mL/min")
    assert made.raw["plate"] == ScalarValue(81.5, "degC")
    assert made.raw["n"] == ScalarValue(3.0)
    assert made.raw["trace"] == curve
    assert made.actual["temperature"] == ScalarValue(79.5, "degC")
    raw = for_analysis(made)
    assert raw["plate"].to("degC").magnitude == pytest.approx(81.5)
    assert raw["note"] == "clear"


DECLARED = [Scalar("volume", unit="mL"), Curve("trace", x="s", y="mAU")]
TRACE = CurveData(np.array([0.0, 1.0]), np.array([1.0, 2.0]), "min", "AU")


def test_outputs_are_converted_to_the_declared_units():
    """An analysis may return another unit of the same dimension, also for curves."""
    made = to_outputs({"volume": quantity(0.5, "L"), "trace": TRACE}, DECLARED)
    assert made["volume"] == ScalarValue(500.0, "mL")
    assert list(made["trace"].x) == [0.0, 60.0]
    assert list(made["trace"].y) == [1000.0, 2000.0]


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ({"volume": 1.0}, r"missing \['trace'\]"),
        ({"volume": 1.0, "trace": TRACE, "more": 1}, r"undeclared \['more'\]"),
        ({"volume": quantity(1, "s"), "trace": TRACE}, "needs a quantity in 'mL'"),
        ({"volume": float("inf"), "trace": TRACE}, "is inf"),
        ({"volume": 1.0, "trace": 3.0}, "declared as a curve"),
        ({"volume": "a lot", "trace": TRACE}, "cannot be used"),
        (7, "must return a mapping"),
    ],
)
def test_outputs_that_do_not_fit_are_refused(returned, words):
    """Missing, undeclared, of another dimension or not finite: each is told."""
    with pytest.raises(AnalysisError, match=words):
        to_outputs(returned, DECLARED)


def test_a_standard_deviation_is_converted_with_its_value():
    """0.05 +- 0.001 mol/L is 50 +- 1 mmol/L; an offset of a unit never enters a deviation."""
    made = to_outputs(
        {"c": ScalarValue(0.05, "mol/L", 0.001), "t": ScalarValue(300.0, "K", 2.0)},
        [Scalar("c", unit="mmol/L"), Scalar("t", unit="degC")],
    )
    assert made["c"].value == pytest.approx(50.0)
    assert made["c"].sd == pytest.approx(1.0)
    assert made["t"].sd == pytest.approx(2.0)
