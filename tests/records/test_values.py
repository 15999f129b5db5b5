"""Values are checked where they are built, and nobody can change them afterwards."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import DefinitionError, UnitError
from labloop.records import (
    Curve,
    CurveData,
    Measurement,
    Quality,
    Reading,
    Scalar,
    ScalarValue,
)

NUMBERS = st.floats(-1e12, 1e12)
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=20)
UNITS = st.sampled_from(["1", "min", "mAU"])


def curve(pairs, x_unit="min", y_unit="mAU"):
    return CurveData([p[0] for p in pairs], [p[1] for p in pairs], x_unit, y_unit)


@settings(deadline=None)
@given(PAIRS, UNITS, UNITS)
def test_a_curve_keeps_a_copy_that_cannot_change(pairs, x_unit, y_unit):
    """The curve is not touched by what happens to the arrays it was made from."""
    x = np.array([p[0] for p in pairs])
    y = np.array([p[1] for p in pairs])
    made = CurveData(x, y, x_unit, y_unit)
    assert made == curve(pairs, x_unit, y_unit)
    assert hash(made) == hash(curve(pairs, x_unit, y_unit))
    x += 1.0
    assert made == curve(pairs, x_unit, y_unit)
    assert made.x.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        made.y[:] = 0.0


def test_equal_curves_have_equal_hashes():
    """Minus zero is zero."""
    assert curve([(0.0, -0.0)]) == curve([(-0.0, 0.0)])
    assert hash(curve([(0.0, -0.0)])) == hash(curve([(-0.0, 0.0)]))
    assert curve([(1, 2)]) != curve([(1, 2)], y_unit="AU")
    assert curve([(1, 2)]) != "a curve"


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([1.0, math.nan], [1.0, 2.0], "finite, got shape"),
        ([1.0, 2.0], [1.0, math.inf], "finite, got shape"),
        ([[1.0]], [[1.0]], "one-dimensional"),
        (1.0, 1.0, "one-dimensional"),
        ([1.0, 2.0], [1.0], "as many x as y"),
        (["a"], [1.0], "must be numbers"),
        ([[1.0], [1.0, 2.0]], [1.0], "must be numbers"),
    ],
)
def test_a_curve_that_cannot_be_stored_is_refused(x, y, words):
    """Not a number, of two dimensions or of unequal lengths."""
    with pytest.raises(DefinitionError, match=words):
        CurveData(x, y)


@settings(deadline=None)
@given(NUMBERS, st.sampled_from(Quality))
def test_a_reading_may_have_any_quality(value, quality):
    """A doubtful value is kept with its doubt."""
    assert Reading(value, "degC", 1.0, quality).value == value


@pytest.mark.parametrize("quality", Quality)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_reading_is_nan(quality, value):
    """A broken sensor yields no number at all, never NaN."""
    with pytest.raises(DefinitionError, match=r"'bath\.t' must be finite"):
        Reading(value, "degC", 1.0, quality, "bath.t")


def test_a_good_reading_has_a_value():
    """None stands for no value, which cannot be good."""
    assert Reading(None, "degC", 1.0, Quality.INVALID).value is None
    with pytest.raises(DefinitionError, match="quality ok has no value"):
        Reading(None, "degC", 1.0)


def test_scalars_are_finite():
    """A number, its unit and what is known of its error."""
    assert ScalarValue(np.float32(0.5), "1", 0.1).value == 0.5
    assert type(ScalarValue(3).value) is float
    with pytest.raises(DefinitionError, match="must be finite"):
        ScalarValue(math.nan)
    with pytest.raises(DefinitionError, match="cannot be negative"):
        ScalarValue(1.0, "1", -0.1)
    with pytest.raises(DefinitionError, match="must be a number, got '5'"):
        ScalarValue("5")
    with pytest.raises(DefinitionError, match="must be a number, got None"):
        ScalarValue(None)


def test_outputs_are_declared_with_known_units():
    """A misspelt unit of an output is found when the campaign is written."""
    assert Scalar("product_yield").unit == "1"
    with pytest.raises(UnitError, match=r"output 'y': .*did you mean 'mL'"):
        Scalar("y", unit="ML")
    with pytest.raises(UnitError, match=r"output 'c': .*did you mean 'min'"):
        Curve("c", x="minutes")
    with pytest.raises(DefinitionError, match="needs a name"):
        Scalar(" ")


def test_a_measurement_is_read_only():
    """Raw data is stored as it is."""
    raw = {"yield": ScalarValue(0.5)}
    measurement = Measurement(raw)
    raw["yield"] = ScalarValue(0.9)
    assert measurement.raw["yield"].value == 0.5
    with pytest.raises(TypeError, match="does not support item assignment"):
        measurement.raw["yield"] = ScalarValue(0.9)
