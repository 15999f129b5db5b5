"""Quantities: made, read from a text, converted, and taken apart again."""

import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import UnitError
from labloop.units import (
    convert,
    is_quantity,
    magnitude,
    quantity,
    same_dimension,
    split_quantity,
    split_units,
)
from labloop.units._symbols import SYMBOLS


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (25, "degC", "K", 298.15),
        (0, "K", "degC", -273.15),
        (1, "degC/min", "K/s", 1 / 60),
        (5, "mL/min", "uL/s", 5000 / 60),
        (1, "M", "mol/L", 1),
        (1, "mmol/L", "mol/L", 1e-3),
        (1, "h", "s", 3600),
        (1, "d", "h", 24),
        (50, "%", "1", 0.5),
        (1, "bar", "kPa", 100),
        (1, "kJ", "J", 1000),
        (60, "rpm", "deg/s", 360),
        (180, "deg", "rad", math.pi),
        (1, "AU", "mAU", 1000),
        (1, "1/s", "Hz", 1),
        (2, "W", "J/s", 2),
        (1, "L/mol/s", "m^3/mol/s", 1e-3),
        (1, "fL", "L", 1e-15),
        (1, "nA", "A", 1e-9),
        (1, "pmol", "nmol", 1e-3),
        (5, "mol%", "1", 0.05),
        (5, "mol%", "percent", 5),
        (2, "eq", "1", 2),
        (3, "ppm", "ppb", 3000),
        (1, "atm", "kPa", 101.325),
        (1, "psi", "kPa", 6.894757293168361),
        (760, "Torr", "atm", 1),
        (1, "cP", "mPa*s", 1),
        (1, "kcal", "kJ", 4.184),
        (1, "S", "1/ohm", 1),
        (1, "Da", "g", 1.66053906660e-24),
    ],
)
def test_conversions(value, source, target, expected):
    """Conversions give the textbook's numbers."""
    assert convert(value, source, target) == pytest.approx(expected, rel=1e-12)
    assert same_dimension(source, target)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("mL", "g"),
        ("degC", "J"),
        ("EUR", "USD"),
        # A turn is an angle: pint alone says 1 rpm = 0.105 Hz, which nobody means.
        ("rpm", "Hz"),
        ("rpm", "1/min"),
        ("deg", "1"),
        ("AU", "1"),
        ("mol/L", "g/L"),
    ],
)
def test_other_dimensions_are_refused(source, target):
    """What is no conversion is refused and not guessed."""
    with pytest.raises(UnitError, match="other dimension"):
        convert(1.0, source, target)
    assert not same_dimension(source, target)
    with pytest.raises(UnitError, match="x needs a quantity in"):
        magnitude(quantity(1.0, source), target, "x")


UNITS = st.sampled_from(sorted(SYMBOLS))
FACTORS = st.tuples(UNITS, st.sampled_from(["", "^2", "^3", "^-1", "^-2"])).map(
    lambda pair: pair[0] + ("" if pair[0] == "1" else pair[1])
)
PRODUCTS = st.lists(FACTORS, min_size=1, max_size=4).flatmap(
    lambda parts: st.lists(
        st.sampled_from("*/"), min_size=len(parts) - 1, max_size=len(parts) - 1
    ).map(lambda signs: parts[0] + "".join(s + p for s, p in zip(signs, parts[1:], strict=True)))
)
NUMBERS = st.floats(-1e9, 1e9, allow_subnormal=False)


@settings(deadline=None)
@given(NUMBERS, PRODUCTS)
def test_a_quantity_survives_its_text(number, unit):
    """Number and unit come back from the text, and through a quantity."""
    assert split_quantity(f"{number!r} {unit}") == (number, unit)
    assert magnitude(quantity(number, unit), unit, "x") == pytest.approx(number, rel=1e-12)


@settings(deadline=None)
@given(NUMBERS, PRODUCTS)
def test_a_quantity_tells_its_unit_back(number, unit):
    """What is kept of a quantity says the same as the quantity."""
    made = quantity(number, unit)
    told, text = split_units(made)
    assert same_dimension(text, unit)
    assert convert(told, text, unit) == pytest.approx(number, rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(NUMBERS, st.sampled_from(sorted(SYMBOLS)), st.sampled_from(sorted(SYMBOLS)))
def test_there_and_back(number, first, second):
    """A conversion can be undone."""
    if not same_dimension(first, second):
        return
    back = convert(convert(number, first, second), second, first)
    assert back == pytest.approx(number, rel=1e-9, abs=1e-6)


def test_bare_numbers_are_for_plain_numbers_only():
    """A dimensional argument refuses a bare number and says what to write."""
    assert magnitude(0.5, "1", "x") == 0.5
    with pytest.raises(UnitError, match=r"write quantity\(5, 'mL'\)"):
        magnitude(5, "mL", "volume")
    for odd in (True, "5", None):
        with pytest.raises(UnitError, match="needs a quantity"):
            magnitude(odd, "1", "x")
    assert is_quantity(quantity(1, "mL"))
    assert not is_quantity(1.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nothing_infinite_becomes_a_quantity(value):
    """NaN and infinity are refused where a quantity is made and where it is used."""
    with pytest.raises(UnitError, match="finite"):
        quantity(value, "mL")
    with pytest.raises(UnitError, match="finite"):
        magnitude(value, "1", "x")


@pytest.mark.parametrize("value", ["5", b"5", True])
def test_a_quantity_is_made_of_numbers(value):
    """A text is no number, though float() would take it."""
    with pytest.raises(UnitError, match="needs a number"):
        quantity(value, "mL")


def test_only_quantities_with_listed_units_are_kept():
    """A unit that came in through pint itself does not get into the database."""
    foreign = quantity(1, "m").to("inch")
    with pytest.raises(UnitError, match="not on labloop's list"):
        split_units(foreign)
    with pytest.raises(UnitError, match="expected a quantity"):
        split_units(5.0)


def test_nothing_is_logged_or_loaded_early():
    """Importing the module is light, and building the registry redefines nothing."""
    code = "import sys, labloop.units as u; assert 'pint' not in sys.modules; u.quantity(1, 'rpm')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_a_whole_number_beyond_every_float_is_refused_in_words(value):
    """Promise: what no instrument can be told ends in a UnitError, not in an OverflowError."""
    with pytest.raises(UnitError, match="position must be finite"):
        magnitude(value, "1", "position")
