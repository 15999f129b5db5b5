"""Every text of a unit is on the whitelist, or gets a sentence that says what was meant."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import UnitError
from labloop.units import (
    check_unit,
    convert,
    magnitude,
    parse_quantity,
    split_quantity,
)

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
    "25 °C": (25.0, "degC"),
    "25 ℃": (25.0, "degC"),
    "2 °C/min": (2.0, "degC/min"),
    "25 °F": "is not known",
    "25 celsius": "did you mean 'degC'",
    "25 F": "use one of",
    "5 ML": "did you mean 'mL'",
    "5 ml": "did you mean 'mL'",
    "5 l": "did you mean 'L'",
    "5 µL": (5.0, "uL"),
    "5 \u03bcL": (5.0, "uL"),
    "5 \u03bcm": (5.0, "um"),
    "5 m²": (5.0, "m^2"),
    "5 s⁻¹": (5.0, "s^-1"),
    "5 kg·m/s²": (5.0, "kg*m/s^2"),
    "5 €": (5.0, "EUR"),
    "5 MM": "did you mean 'mm' or 'mM'",
    "5 RPM": "did you mean 'rpm'",
    "5 Kg": "did you mean 'kg'",
    "5 sec": "did you mean 's'",
    "5 hr": "did you mean 'h'",
    "5 minutes": "did you mean 'min'",
    "5 Ω": (5.0, "ohm"),
    "5 k\u2126": (5.0, "kohm"),
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


@pytest.mark.parametrize(("written", "unit"), [("°C", "degC"), ("µL", "uL"), ("kΩ", "kohm")])
def test_a_declared_unit_is_spelled_in_plain_letters(written, unit):
    """What comes in may be written with signs; what is declared is compared as a text."""
    assert convert(5.0, written, unit) == 5.0
    with pytest.raises(UnitError, match=f"did you mean '{unit}'"):
        check_unit(written)


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
