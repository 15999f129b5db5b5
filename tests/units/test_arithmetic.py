"""Calculating with quantities: as pint does it, and a sentence where there is no answer."""

import operator

import pytest

from labloop.errors import UnitError
from labloop.units import (
    magnitude,
    quantity,
    split_units,
)

HOT, COLD, STEP = quantity(80, "degC"), quantity(60, "degC"), quantity(5, "K")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda: HOT + STEP, 85),
        (lambda: STEP + HOT, 85),
        (lambda: HOT - STEP, 75),
        (lambda: HOT + (HOT - COLD), 100),
        (lambda: HOT + 0.5 * (COLD - HOT), 70),
        (lambda: HOT - quantity(2, "K/min") * quantity(5, "min"), 70),
        (lambda: HOT + quantity(2, "degC/min") * quantity(5, "min"), 90),
        (lambda: (HOT.to("K") * 0.9).to("degC"), 0.9 * 353.15 - 273.15),
        (lambda: operator.iadd(HOT, STEP), 85),
    ],
)
def test_a_step_from_a_temperature_is_a_temperature(made, expected):
    """K beside degC is a difference, as in "five degrees more"; so is degC less degC."""
    assert magnitude(made(), "degC", "x") == pytest.approx(expected, rel=1e-12)
    assert magnitude(HOT, "degC", "x") == 80.0


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: HOT + COLD, r"80 degC \+ 60 degC: .* quantity\(5, 'K'\); the mean of a and b is"),
        (lambda: (HOT + COLD) / 2, "the mean of a and b is"),
        (lambda: sum([HOT, COLD]), "the mean of a and b is"),
        (lambda: STEP - HOT, "5 K - 80 degC: write both in one unit"),
        (lambda: HOT * 0.9, r"80 degC \* 0.9: a temperature in degC has no multiples"),
        (lambda: 0.9 * HOT, "has no multiples"),
        (lambda: HOT / 2, "has no multiples"),
        (lambda: 2 / HOT, "has no multiples"),
        (lambda: HOT**2, "has no multiples"),
        (lambda: HOT // 2, "has no multiples"),
        (lambda: HOT % 2, "has no multiples"),
        (lambda: HOT * quantity(2, "mL"), "has no multiples"),
        (lambda: HOT + 5, r"80 degC \+ 5: 5 has no unit; write quantity\(5, 'K'\)"),
        (lambda: 5 - HOT, "5 has no unit"),
        (lambda: HOT > 70, r"80 degC > 70: .* write quantity\(70, 'degC'\)"),
        (lambda: quantity(1, "mL") + 1.5, r"write quantity\(1.5, 'mL'\)"),
        (lambda: quantity(1, "mL") + quantity(1, "g"), "1 mL \\+ 1 g: .* different dimensions"),
        (lambda: quantity(1, "mL") >= quantity(1, "g"), "1 mL >= 1 g: .* different dimensions"),
        (lambda: HOT + "5 K", "does not go with that"),
        (lambda: quantity(HOT, "degC"), "needs a number, got 80.0"),
    ],
)
def test_arithmetic_without_an_answer_ends_in_a_sentence(made, words):
    """What pint refuses comes as labloop's error and says what to write."""
    with pytest.raises(UnitError, match=words):
        made()


def test_a_difference_of_temperatures_is_no_temperature():
    """20 degC - 10 degC is 10 K; it is refused where a temperature is asked for."""
    difference = quantity(20, "degC") - quantity(10, "degC")
    assert split_units(difference) == (10.0, "K")
    assert magnitude(difference, "K", "x") == 10.0
    with pytest.raises(UnitError, match="got the difference"):
        magnitude(difference, "degC", "x")
