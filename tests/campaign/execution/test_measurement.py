"""What a procedure returns keeps its units, or is refused in a sentence."""

import numpy as np
import pytest

from labloop.campaign.execution.measurement import to_measurement
from labloop.campaign.execution.outputs import for_analysis
from labloop.errors import NoResultError
from labloop.records import CurveData, Quality, Reading, ScalarValue
from labloop.units import quantity


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
