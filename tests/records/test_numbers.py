"""What a person writes is a number in one way only, or it is none."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labloop.errors import DefinitionError, SpaceError
from labloop.records import finite, may_be_grouped, numeral
from labloop.units import quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1.0), (" -2.50 ", -2.5), ("+.5", 0.5), ("3.", 3.0), ("1e-3", 0.001), ("5E+2", 500.0)],
)
def test_plain_numbers_are_read(text, value):
    """With or without sign, point and exponent."""
    assert numeral(text) == value
    assert numeral(text, comma=True) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ".", "-", "e5", "1e", "1_000", "1 000", "1.000,5", "0x10", "nan", "inf", "-Inf",
        "1e400", "\uff11\uff12", "\u0663", "\u00b2", "12%", "5 mL", "--1", "1..2", "1,2,3",
    ],
)  # fmt: skip
def test_what_can_be_read_otherwise_is_no_number(text):
    """Thousands, other scripts, words of computers, and what no double holds."""
    for comma in (False, True):
        with pytest.raises(DefinitionError):
            numeral(text, comma=comma)


def test_a_comma_is_the_decimal_sign_where_that_is_said():
    """And nowhere else."""
    assert numeral("60,5", comma=True) == 60.5
    with pytest.raises(DefinitionError, match="'60,5' is no number"):
        numeral("60,5")


@pytest.mark.parametrize(
    ("text", "doubtful"),
    [("1.234", True), ("12.345.678", True), ("0.125", False), ("1.5", False), ("1234.567", False)],
)
def test_points_between_thousands_are_doubted(text, doubtful):
    """Three digits after one to three that begin with no zero."""
    assert may_be_grouped(text) is doubtful


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(1e-320)
def test_every_number_is_read_back(value):
    """As Python writes it, to the last bit."""
    assert numeral(repr(value)) == value


@given(st.text(max_size=12))
@example("1__0")
def test_any_text_is_a_number_or_a_sentence(text):
    """Nothing else comes of it, and what is a number is one to Python as well."""
    with suppress(DefinitionError):
        assert numeral(text, comma=True) == float(text.replace(",", "."))


@pytest.mark.parametrize("value", [5, 5.0, np.float32(5), np.int64(5), np.array(5)])
def test_a_finite_number_becomes_a_float(value):
    """Numbers of Python and of numpy are one thing to whoever asks for a number."""
    number = finite(value, "the rate")
    assert (number, type(number)) == (5.0, float)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("5", "must be a number, got '5'"),
        (True, "must be a number, got True"),
        (np.bool_(False), "must be a number"),
        (None, "must be a number, got None"),
        (1j, "must be a number"),
        (np.array([5.0]), "must be a number"),
        (quantity(5, "mL"), "must be a number without a unit, got 5"),
        (quantity(50, "%"), "must be a number without a unit"),
        (10**400, "must be a number below 1.8e308"),
        (np.nan, "must be finite, got nan"),
        (-np.inf, "must be finite, got -inf"),
    ],
)
def test_what_is_no_finite_number_is_refused_in_one_sentence(value, words):
    """What float() would take in silence is refused, with the error of the room that asks."""
    with pytest.raises(SpaceError, match=f"^the rate {words}"):
        finite(value, "the rate", SpaceError)
