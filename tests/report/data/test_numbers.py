"""Numbers are printed with the digits they deserve."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.report.data.numbers import (
    aligned_numbers,
    axis_title,
    counted,
    duration,
    interval,
    number,
    unit_text,
    with_unit,
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (0.81234, "0.812"),
        (84.2, "84.2"),
        (12345.6, "12346"),
        (1234, "1234"),
        (-3.5, "\N{MINUS SIGN}3.50"),
        (6.02214076e23, "6.02\N{MULTIPLICATION SIGN}10²³"),
        (1.3e-7, "1.30\N{MULTIPLICATION SIGN}10⁻⁷"),
    ],
)
def test_numbers_have_three_digits_and_no_letter_e(value, shown):
    """A value is shown with three significant digits; whole numbers keep theirs."""
    assert number(value) == shown


def test_what_a_person_set_loses_its_zeros():
    """A condition of 2.5 is not shown as 2.500."""
    assert number(2.5, 4, exact=True) == "2.5"


@given(st.floats(1e-9, 1e12), st.integers(2, 5))
def test_a_shown_number_is_the_number(value, digits):
    """Read back, a printed number differs by less than half of its last digit."""
    text = number(value, digits).translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    back = float(text.replace("\N{MULTIPLICATION SIGN}10", "e"))
    assert math.isclose(back, value, rel_tol=0.51 * 10 ** (1 - digits))


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(0.512, 0.661, "0.51 to 0.66"), (39.04, 47.6, "39.0 to 47.6"), (1, 1, "1 to 1")],
)
def test_an_interval_gets_its_digits_from_its_width(low, high, shown):
    """Both bounds have as many decimals as the width of the interval can carry."""
    assert interval(low, high) == shown


def test_a_column_of_numbers_shares_its_decimals():
    """Numbers under each other have the same decimals, unless they span many decades."""
    assert aligned_numbers([105.0, 112.84, 76.9]) == ["105.0", "112.8", "76.9"]
    assert aligned_numbers([1.0, 2.0]) == ["1", "2"]
    assert aligned_numbers([0.001, 1000.0]) == [number(0.001, 4), number(1000.0, 4)]


@pytest.mark.parametrize(
    ("unit", "shown"),
    [("degC", "°C"), ("uL/min", "µL/min"), ("m^2", "m²"), ("1", ""), ("%", "%"), ("1/s", "1/s")],
)
def test_units_are_printed_as_people_write_them(unit, shown):
    """The ASCII symbols of the whitelist become the usual signs."""
    assert unit_text(unit) == shown


def test_small_words():
    """Titles, values, counts and durations read as a person would say them."""
    assert axis_title("residence_time", "min") == "residence time (min)"
    assert axis_title("equivalents", "1") == "equivalents"
    assert with_unit(84.2, "degC") == "84.2 °C"
    assert with_unit("DMF", "1") == "DMF"
    assert counted(1, "alarm") == "1 alarm"
    assert counted(3, "alarm") == "3 alarms"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(2.5, "2.5 s"), (90, "1 min 30 s"), (3660, "1 h 01 min"), (190000, "2 d 05 h")],
)
def test_durations_are_told_in_two_units(seconds, shown):
    """Lab time is told in the two units that matter."""
    assert duration(seconds) == shown
