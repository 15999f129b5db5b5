"""The list of units, and suggestions for a text that is not on it."""

import math
import re
from functools import lru_cache

from labloop.errors import UnitError

SYMBOLS: dict[str, str] = {
    "1": "dimensionless",
    "%": "percent",
    "percent": "percent",
    "mol%": "percent",
    "wt%": "percent",
    "vol%": "percent",
    "ppm": "ppm",
    "ppb": "part_per_billion",
    "eq": "dimensionless",
    "equiv": "dimensionless",
    "degC": "degC",
    "K": "kelvin",
    "ns": "nanosecond",
    "us": "microsecond",
    "ms": "millisecond",
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "m": "meter",
    "dm": "decimeter",
    "cm": "centimeter",
    "mm": "millimeter",
    "um": "micrometer",
    "nm": "nanometer",
    "pm": "picometer",
    "L": "liter",
    "mL": "milliliter",
    "uL": "microliter",
    "nL": "nanoliter",
    "pL": "picoliter",
    "fL": "femtoliter",
    "kg": "kilogram",
    "g": "gram",
    "mg": "milligram",
    "ug": "microgram",
    "ng": "nanogram",
    "pg": "picogram",
    "Da": "dalton",
    "kDa": "kilodalton",
    "kmol": "kilomole",
    "mol": "mole",
    "mmol": "millimole",
    "umol": "micromole",
    "nmol": "nanomole",
    "pmol": "picomole",
    "M": "molar",
    "mM": "millimolar",
    "uM": "micromolar",
    "nM": "nanomolar",
    "pM": "picomolar",
    "rpm": "turn_per_minute",
    "Hz": "hertz",
    "kHz": "kilohertz",
    "MHz": "megahertz",
    "bar": "bar",
    "mbar": "millibar",
    "Pa": "pascal",
    "mPa": "millipascal",
    "hPa": "hectopascal",
    "kPa": "kilopascal",
    "MPa": "megapascal",
    "GPa": "gigapascal",
    "atm": "standard_atmosphere",
    "psi": "pound_force_per_square_inch",
    "Torr": "torr",
    "mmHg": "millimeter_Hg",
    "cP": "centipoise",
    "kV": "kilovolt",
    "V": "volt",
    "mV": "millivolt",
    "uV": "microvolt",
    "A": "ampere",
    "mA": "milliampere",
    "uA": "microampere",
    "nA": "nanoampere",
    "pA": "picoampere",
    "MW": "megawatt",
    "kW": "kilowatt",
    "W": "watt",
    "mW": "milliwatt",
    "uW": "microwatt",
    "nW": "nanowatt",
    "MJ": "megajoule",
    "kJ": "kilojoule",
    "J": "joule",
    "mJ": "millijoule",
    "kcal": "kilocalorie",
    "cal": "calorie",
    "eV": "electron_volt",
    "kN": "kilonewton",
    "N": "newton",
    "mN": "millinewton",
    "deg": "angle_degree",
    "rad": "angle_radian",
    "Mohm": "megaohm",
    "kohm": "kiloohm",
    "ohm": "ohm",
    "mohm": "milliohm",
    "S": "siemens",
    "mS": "millisiemens",
    "uS": "microsiemens",
    "AU": "optical_absorbance",
    "mAU": "millioptical_absorbance",
    "EUR": "euro",
    "USD": "us_dollar",
}
"""Symbol -> name in pint; of several symbols for one unit the first is used in answers."""
DEFINITIONS = (
    "part_per_billion = 1e-9",
    # In pint absorbance is dimensionless, and could be added to a plain number.
    "optical_absorbance = [optical_absorbance]",
    # In pint the radian is dimensionless, which makes 1 rpm 0.105 Hz; here rpm is no frequency.
    "angle_radian = [angle]",
    f"angle_degree = {math.pi / 180!r} * angle_radian",
    f"turn_per_minute = {2 * math.pi!r} * angle_radian / minute",
    "euro = [currency_eur]",
    "us_dollar = [currency_usd]",
)
_SIGNS = {
    "°C": "degC",
    "℃": "degC",
    # The micro sign and the Greek letter mu look alike.
    "\u00b5": "u",
    "\u03bc": "u",
    # So do the ohm sign and the Greek letter omega.
    "\u03a9": "ohm",
    "\u2126": "ohm",
    "€": "EUR",
    "$": "USD",
    "·": "*",
    "²": "^2",
    "³": "^3",
    "⁻¹": "^-1",
    "⁻²": "^-2",
}
"""How reports and spreadsheets write what has a symbol of plain letters here."""
_HINTS = {
    "C": "degC",
    "celsius": "degC",
    "kelvin": "K",
    "°": "deg",
    "l": "L",
    "cc": "mL",
    "ccm": "mL",
    "sec": "s",
    "second": "s",
    "minute": "min",
    "hour": "h",
    "hr": "h",
    "day": "d",
    "gram": "g",
    "mole": "mol",
    "mols": "mol",
    "molar": "mol/L",
    "equivalent": "eq",
    "mol-%": "mol%",
    "percentage": "%",
    "ampere": "A",
    "amp": "A",
    "volt": "V",
    "watt": "W",
}
_PREFIXES = "yzafpnumcdhkMGTPEZY"
_FACTOR = re.compile(r"([A-Za-z%]+)(?:\^(-[1-9]|[2-9]))?|(1)")
_OPERATOR = re.compile(r" *([*/]) *")


@lru_cache(maxsize=1024)
def pint_text(unit: str) -> str:
    """Return what pint calls a whitelisted text; raises UnitError."""
    parts = _OPERATOR.split(unit)
    if len(parts) == 1 and parts[0] in SYMBOLS:
        return SYMBOLS[parts[0]]
    text = ""
    for index, part in enumerate(parts):
        if index % 2:
            text += part
            continue
        match = _FACTOR.fullmatch(part)
        symbol = (match[1] or match[3]) if match else part
        if match is None or symbol not in SYMBOLS:
            raise UnitError(_unknown(unit, part))
        # In a product degC is a difference: degC/min is the rate of a ramp.
        name = "delta_degC" if symbol == "degC" else SYMBOLS[symbol]
        text += f"{name}**{match[2]}" if match[2] else name
    return text


def plain_unit(written: str) -> str:
    """Return a unit as it is spelled here, of one that a person or a report wrote with signs.

    ``°C`` is degC, ``µL`` uL, ``m²`` m^2; everything else is left as it is.
    """
    if written.isascii() and "$" not in written:
        return written
    for sign, plain in _SIGNS.items():
        written = written.replace(sign, plain)
    return written


def _unknown(unit: str, part: str) -> str:
    if "**" in unit:
        return f"unit {unit!r} is not known; write a power as in m^2"
    if not unit.strip():
        return f"unit {unit!r} is empty; did you mean '1', a plain number?"
    if not part:
        return f"unit {unit!r} is not known: something is missing beside '*' or '/'"
    plain = plain_unit(part.strip())
    hints, related = _suggestions(plain), _same_base(plain)
    advice = f"use one of {', '.join(SYMBOLS)}"
    if hints:
        advice = f"did you mean {' or '.join(map(repr, hints))}?"
    elif related:
        advice = f"of its kind there are {', '.join(map(repr, related))}"
    return f"unit {unit!r} is not known because of {part!r}; {advice}"


def _suggestions(plain: str) -> list[str]:
    """Return the listed units that differ only in case, or for which ``plain`` is a usual word."""
    for word in (plain, plain.lower(), plain.lower().removesuffix("s")):
        if word in _HINTS:
            return [_HINTS[word]]
    return [s for s in SYMBOLS if s == plain] or [s for s in SYMBOLS if s.lower() == plain.lower()]


def _same_base(plain: str) -> list[str]:
    """Return the listed units of the same base, where ``plain`` is a prefix and a listed unit."""
    base = plain[1:]
    if plain[:1] not in _PREFIXES or base not in SYMBOLS or not base.isalpha():
        return []
    return [s for s in SYMBOLS if s == base or (s[0] in _PREFIXES and s[1:] == base)]


def check_unit(unit: str) -> str:
    """Return ``unit`` where it is made of listed units.

    Symbols may be combined: ``mL/min``, ``L/mol/s``, ``m^2``, ``1/s``.

    Raises:
        UnitError: the text is no unit, with what was probably meant.
    """
    if not isinstance(unit, str):
        raise UnitError(f"a unit must be a text such as 'mL/min', got {unit!r}")
    pint_text(unit)
    return unit
