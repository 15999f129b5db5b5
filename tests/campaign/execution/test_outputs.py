"""What an analysis returns becomes declared outputs, or is refused in a sentence."""

import numpy as np
import pytest

from labloop.campaign.execution.outputs import to_outputs
from labloop.errors import AnalysisError
from labloop.records import Curve, CurveData, Scalar, ScalarValue
from labloop.units import quantity

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
