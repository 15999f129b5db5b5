"""Numbers, units and durations as a person wants to read them."""

import math
import re
from collections.abc import Sequence

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_UNIT_SIGNS = {"degC": "°C", "um": "µm", "uL": "µL", "ug": "µg", "uM": "µM", "uA": "µA"}
_UNIT_SIGNS |= {"umol": "µmol", "deg": "°", "ohm": "Ω", "EUR": "€", "USD": "$"}
_TIMES = "\N{MULTIPLICATION SIGN}"
_MINUS = "\N{MINUS SIGN}"


def number(value: float, digits: int = 3, *, exact: bool = False) -> str:
    """Return ``value`` with ``digits`` significant digits, in plain or power-of-ten form.

    Whole numbers below a million keep all their digits: 1234 stays 1234. ``exact`` is for what a
    person set, not measured: zeros at the end are left out.
    """
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if not -4 <= exponent < 6:
        mantissa, power = f"{value:.{digits - 1}e}".split("e")
        return _signed(f"{mantissa}{_TIMES}10{str(int(power)).translate(_SUPERSCRIPT)}")
    decimals = max(0, digits - 1 - exponent)
    text = f"{value:.{decimals}f}"
    if "." in text and (exact or float(value).is_integer()):
        text = text.rstrip("0").rstrip(".")
    return _signed(text)


def interval(low: float, high: float, digits: int = 2) -> str:
    """Return ``low to high`` with as many decimals as the width of the interval deserves."""
    width = abs(high - low)
    largest = max(abs(low), abs(high))
    if width == 0 or largest >= 1e6 or largest < 1e-4:
        return f"{number(low)} to {number(high)}"
    decimals = min(6, max(0, digits - 1 - math.floor(math.log10(width))))
    return f"{_signed(f'{low:.{decimals}f}')} to {_signed(f'{high:.{decimals}f}')}"


def unit_text(unit: str) -> str:
    """Return how a whitelisted unit is printed: ``degC`` as °C, ``m^2`` as m², ``1`` as nothing."""
    if unit == "1":
        return ""
    parts = [_UNIT_SIGNS.get(part, part) for part in re.split(r"([*/^])", unit)]
    text = "".join(parts).replace("*", "·")
    return re.sub(r"\^(-?\d)", lambda match: match[1].translate(_SUPERSCRIPT), text)


def aligned_numbers(values: Sequence[float], digits: int = 4) -> list[str]:
    """Return numbers that stand under each other, with the decimals of the largest one.

    Where they span more than three decades each keeps its own digits.
    """
    sizes = [abs(v) for v in values if v]
    if not sizes or max(sizes) > 1000 * min(sizes) or not 1e-3 <= max(sizes) < 1e6:
        return [number(v, digits) for v in values]
    decimals = max(0, digits - 1 - math.floor(math.log10(max(sizes))))
    texts = [f"{v:.{decimals}f}" for v in values]
    while decimals and all(text.endswith(("0", ".")) for text in texts):
        texts = [text[:-1] for text in texts]
        decimals -= 1
    return [_signed(text.removesuffix(".")) for text in texts]


def with_unit(value: float | str, unit: str, digits: int = 3) -> str:
    """Return a value with its unit; a text is returned as it is."""
    if isinstance(value, str):
        return value
    sign = unit_text(unit)
    text = number(value, digits)
    return f"{text} {sign}" if sign else text


def axis_title(name: str, unit: str) -> str:
    """Return an axis title: the name in words with its unit."""
    sign = unit_text(unit)
    return f"{readable(name)} ({sign})" if sign else readable(name)


def readable(name: str) -> str:
    """Return an identifier as words: ``residence_time`` as residence time."""
    return name.replace("_", " ")


def duration(seconds: float) -> str:
    """Return a lab time in the two units that matter."""
    if seconds < 60:
        return f"{number(seconds, 2)} s"
    if seconds < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
    if seconds < 172800:
        hours, minutes = divmod(round(seconds / 60), 60)
        return f"{hours} h {minutes:02d} min"
    days, hours = divmod(round(seconds / 3600), 24)
    return f"{days} d {hours:02d} h"


def counted(many: int, one: str, several: str = "") -> str:
    """Return ``1 experiment``, ``3 experiments``."""
    return f"{many} {one if many == 1 else several or one + 's'}"


def _signed(text: str) -> str:
    return text.replace("-", _MINUS) if text.startswith("-") else text
