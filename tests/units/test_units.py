"""Units: what is accepted is on the list, and everything else is refused with a sentence."""

import math
import operator
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import UnitError
from labloop.units import (
    check_unit,
    convert,
    is_quantity,
    magnitude,
    parse_quantity,
    quantity,
    same_dimension,
    split_quantity,
    split_units,
)
from labloop.units._symbols import SYMBOLS

# Text -> (number, unit), or the words that the refusal must hold.
VERDICTS = {
    "5 mL": (5.0, "mL"),
    "5mL": (5.0, "mL"),
    "  5  mL ": (5.0, "mL"),
    "5": (5.0, "1"),
    "5 1": (5.0, "1"),
    "-5 degC": (-5.0, "degC"),
    "+5 degC": (5.0, "degC"),
    "1e3 rpm": (1000.0, "rpm"),
    "1E+3 s": (1000.0, "s"),
    "1e-12 mol/L": (1e-12, "mol/L"),
    "5 %": (5.0, "%"),
    "0.5 mL/min": (0.5, "mL/min"),
    "5 1/s": (5.0, "1/s"),
    "5 m^2": (5.0, "m^2"),
    "5 s^-1": (5.0, "s^-1"),
    "3 L/mol/s": (3.0, "L/mol/s"),
    "3 kg*m/s^2": (3.0, "kg*m/s^2"),
    "3 degC/min": (3.0, "degC/min"),
    "1e308 m": (1e308, "m"),
    "25 C": "did you mean 'degC'",
    "25 °C": "did you mean 'degC'",
    "25 ℃": "did you mean 'degC'",
    "25 celsius": "did you mean 'degC'",
    "25 F": "use one of",
    "5 ML": "did you mean 'mL'",
    "5 ml": "did you mean 'mL'",
    "5 l": "did you mean 'L'",
    "5 µL": "did you mean 'uL'",
    "5 \u03bcL": "did you mean 'uL'",
    "5 \u03bcm": "did you mean 'um'",
    "5 MM": "did you mean 'mm' or 'mM'",
    "5 RPM": "did you mean 'rpm'",
    "5 Kg": "did you mean 'kg'",
    "5 sec": "did you mean 's'",
    "5 hr": "did you mean 'h'",
    "5 minutes": "did you mean 'min'",
    "5 Ω": "did you mean 'ohm'",
    "5 megaliter": "use one of",
    "5 psi": (5.0, "psi"),
    "5 nA": (5.0, "nA"),
    "5 pA/cm^2": (5.0, "pA/cm^2"),
    "5 nmol": (5.0, "nmol"),
    "5 ug/mL": (5.0, "ug/mL"),
    "5 mol%": (5.0, "mol%"),
    "5 percent": (5.0, "percent"),
    "1.2 eq": (1.2, "eq"),
    "5 mS/cm": (5.0, "mS/cm"),
    "5 na": "did you mean 'nA'",
    "5 NMOL": "did you mean 'nmol'",
    "5 PA": "did you mean 'Pa' or 'pA'",
    "5 amps": "did you mean 'A'",
    "5 cc": "did you mean 'mL'",
    "5 equivalents": "did you mean 'eq'",
    "5 kA": "of its kind there are 'A', 'mA', 'uA', 'nA', 'pA'",
    "5 fmol": "of its kind there are 'kmol', 'mol', 'mmol', 'umol', 'nmol', 'pmol'",
    "5 c": "use one of",
    "5 pint": "use one of",
    "5 delta_degC": "use one of",
    "5 dimensionless": "use one of",
    "5 molar": "did you mean 'mol/L'",
    "5 mL/": "something is missing",
    "5 /min": "something is missing",
    "5 mL//min": "something is missing",
    "5 *": "something is missing",
    "5 m**2": "write a power as in m\\^2",
    "9**9**2 m": "expected a number and a unit",
    "5 m^0": "because of 'm\\^0'",
    "5 m^1": "because of 'm\\^1'",
    "5 degC^1": "because of 'degC\\^1'",
    "5 m^10": "because of 'm\\^10'",
    "5 m^2^2": "because of 'm\\^2\\^2'",
    "5 m^2.5": "because of 'm\\^2.5'",
    "5 m2": "because of 'm2'",
    "5 1^2": "because of '1\\^2'",
    "5 (m)": "because of '\\(m\\)'",
    "5 mol/(L*s)": "because of '\\(L'",
    "5 mL;": "because of 'mL;'",
    "5 __import__": "use one of",
    "5 %%": "because of '%%'",
    "5 \uff4d": "use one of",
    "5 m\u200b": "use one of",
    "5\u00a0mL": "did you mean 'mL'",
    "5 mL min": "expected a number and a unit",
    "5 m L": "expected a number and a unit",
    "5 and 3 mL": "expected a number and a unit",
    "5,0 mL": "expected a number and a unit",
    "1_000 mL": "expected a number and a unit",
    "1 000 mL": "expected a number and a unit",
    ".5 mL": "expected a number and a unit",
    "5. mL": "expected a number and a unit",
    "0x10 mL": "expected a number and a unit",
    "5e mL": "expected a number and a unit",
    "--5 mL": "expected a number and a unit",
    "- 5 mL": "expected a number and a unit",
    "\u22125 mL": "expected a number and a unit",
    "\u0665 mL": "expected a number and a unit",
    "mL": "expected a number and a unit",
    "": "expected a number and a unit",
    " ": "expected a number and a unit",
    "nan mL": "expected a number and a unit",
    "inf mL": "expected a number and a unit",
    "1e999 mL": "must be finite",
    "1e9999 mL": "expected a number and a unit",
    "5 mL\x00": "because of",
    "5/2 mL": "expected a number and a unit",
}


@pytest.mark.parametrize("text", VERDICTS)
def test_every_text_gets_its_exact_verdict(text):
    """A quantity's text is read as a chemist means it, or refused with what to write instead."""
    verdict = VERDICTS[text]
    if isinstance(verdict, tuple):
        assert split_quantity(text) == verdict
        number, unit = verdict
        assert magnitude(parse_quantity(text), unit, "x") == number
        return
    with pytest.raises(UnitError, match=verdict):
        split_quantity(text)


@pytest.mark.parametrize("text", [5, None, True, b"5 mL", ["5 mL"]])
def test_what_is_no_text_is_refused(text):
    """Numbers and bytes are no quantity texts and no units."""
    with pytest.raises(UnitError, match="expected a number and a unit"):
        split_quantity(text)
    with pytest.raises(UnitError, match="a unit must be a text"):
        check_unit(text)


@pytest.mark.parametrize("unit", [" mL", "mL ", "mL\n", "m L"])
def test_blanks_stand_around_operators_only(unit):
    """A unit is compared as a text, so blanks at its ends are refused; 'm L' is no millilitre."""
    with pytest.raises(UnitError, match="is not known"):
        check_unit(unit)
    assert check_unit("mL / min") == "mL / min"
    assert convert(1.0, "mL / min", "mL/min") == 1.0


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


@settings(deadline=None)
@given(st.text(max_size=12))
def test_no_text_escapes_the_tree_of_errors(text):
    """Whatever is typed: a quantity or a UnitError."""
    try:
        number, unit = split_quantity(text)
    except UnitError:
        return
    assert math.isfinite(number)
    assert check_unit(unit) == unit


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
