"""Promise: a conversion done before gives the very number, and the very refusal, of the first."""

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import UnitError
from labloop.units import _quantities as units
from labloop.units import magnitude, quantity

PAIRS = [
    ("mL/min", "L/h"),
    ("uL", "mL"),
    ("s", "s"),
    ("h", "s"),
    ("degC", "degC"),
    ("degC", "K"),
    ("K", "degC"),
    ("rpm", "deg/s"),
    ("mol/L", "mM"),
    ("%", "1"),
]
NUMBERS = st.floats(-1e9, 1e9)


@pytest.mark.parametrize(("source", "target"), PAIRS)
@given(number=NUMBERS)
def test_again_is_the_same(source, target, number):
    units._CONVERSIONS.clear()
    given_value = quantity(number, source)
    first = magnitude(given_value, target, "x")
    assert units._cached_conversion(given_value, target) is not None
    assert magnitude(given_value, target, "x") == pytest.approx(first, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("value", "target", "match"),
    [
        (quantity(1, "mL"), "s", "x needs a quantity in 's', got 1.0 ml"),
        (quantity(20, "degC") - quantity(10, "degC"), "degC", "got the difference 10.0"),
        (1.0, "s", "got the bare number 1.0"),
    ],
)
def test_a_refusal_stays_a_refusal(value, target, match):
    for _ in range(3):
        with pytest.raises(UnitError, match=match):
            magnitude(value, target, "x")


def test_too_large_is_refused_again():
    value = quantity(1e308, "h")
    magnitude(quantity(1.0, "h"), "s", "x")
    for _ in range(2):
        with pytest.raises(UnitError, match="must be finite"):
            magnitude(value, "s", "x")


def test_what_is_no_line_is_never_kept():
    """A logarithmic unit of pint's, which nobody can write in labloop, goes pint's own way."""
    registry = type(quantity(1.0, "1"))._REGISTRY
    value = registry.Quantity(10.0, "decibel")
    for _ in range(2):
        assert magnitude(value, "1", "x") == pytest.approx(10.0)
    assert units._cached_conversion(value, "1") is None


def test_a_quantity_of_another_registry_is_not_taken_for_one_of_ours():
    stranger = pint.UnitRegistry(cache_folder=None).Quantity(1.0, "milliliter/minute")
    magnitude(quantity(1.0, "mL/min"), "L/h", "x")
    assert units._cached_conversion(stranger, "L/h") is None
