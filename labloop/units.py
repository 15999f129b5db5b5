"""Quantities with a whitelist of units.

A strict parser stands before pint, which is loaded on first use: pint by itself reads
``ML`` as megalitre, ``25 C`` as coulomb and evaluates ``9**9**2 m``.
"""

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from labloop.errors import UnitError

if TYPE_CHECKING:
    import pint

    Quantity: TypeAlias = pint.Quantity[float]
else:
    Quantity = Any

_SYMBOLS: dict[str, str] = {
    "1": "dimensionless",
    "%": "percent",
    "degC": "degC",
    "K": "kelvin",
    "ms": "millisecond",
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "m": "meter",
    "cm": "centimeter",
    "mm": "millimeter",
    "um": "micrometer",
    "nm": "nanometer",
    "L": "liter",
    "mL": "milliliter",
    "uL": "microliter",
    "nL": "nanoliter",
    "fL": "femtoliter",
    "kg": "kilogram",
    "g": "gram",
    "mg": "milligram",
    "ug": "microgram",
    "mol": "mole",
    "mmol": "millimole",
    "umol": "micromole",
    "M": "molar",
    "mM": "millimolar",
    "uM": "micromolar",
    "rpm": "turn_per_minute",
    "Hz": "hertz",
    "bar": "bar",
    "mbar": "millibar",
    "Pa": "pascal",
    "kPa": "kilopascal",
    "MPa": "megapascal",
    "V": "volt",
    "mV": "millivolt",
    "A": "ampere",
    "mA": "milliampere",
    "uA": "microampere",
    "W": "watt",
    "mW": "milliwatt",
    "kW": "kilowatt",
    "J": "joule",
    "kJ": "kilojoule",
    "N": "newton",
    "deg": "angle_degree",
    "rad": "angle_radian",
    "ohm": "ohm",
    "AU": "optical_absorbance",
    "mAU": "millioptical_absorbance",
    "EUR": "euro",
    "USD": "us_dollar",
}
_DEFINITIONS = (
    # pint's absorbance is a plain number, and would be added to one.
    "optical_absorbance = [optical_absorbance]",
    # pint's radian is a plain number, which makes 1 rpm 0.105 Hz: here rpm is no frequency.
    "angle_radian = [angle]",
    f"angle_degree = {math.pi / 180!r} * angle_radian",
    f"turn_per_minute = {2 * math.pi!r} * angle_radian / minute",
    "euro = [currency_eur]",
    "us_dollar = [currency_usd]",
)
_HINTS = {
    "C": "degC",
    "°C": "degC",
    "℃": "degC",
    "celsius": "degC",
    "°": "deg",
    "Ω": "ohm",
    "l": "L",
    "sec": "s",
    "minutes": "min",
    "hour": "h",
    "hr": "h",
    "day": "d",
    "molar": "mol/L",
}
_FACTOR = re.compile(r"([A-Za-z%]+)(?:\^(-[1-9]|[2-9]))?|(1)")
_OPERATOR = re.compile(r" *([*/]) *")
_NUMBER_AND_UNIT = re.compile(r"\s*([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)\s*(\S*)\s*", re.ASCII)


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint  # noqa: PLC0415 - loaded on first use: a third of a second

    registry: Any = pint.UnitRegistry(cache_folder=None)
    for definition in _DEFINITIONS:
        registry.define(definition)
    return registry


@lru_cache(maxsize=1024)
def _pint_unit(unit: str) -> Any:
    """Return the pint unit of a whitelisted text; raises UnitError."""
    return _registry().Unit(_pint_text(unit))


@lru_cache(maxsize=1024)
def _pint_text(unit: str) -> str:
    parts = _OPERATOR.split(unit)
    if len(parts) == 1 and parts[0] in _SYMBOLS:
        return _SYMBOLS[parts[0]]
    text = ""
    for index, part in enumerate(parts):
        if index % 2:
            text += part
            continue
        match = _FACTOR.fullmatch(part)
        symbol = (match[1] or match[3]) if match else part
        if match is None or symbol not in _SYMBOLS:
            raise UnitError(_unknown(unit, part))
        # Inside a product a temperature is a difference: degC/min is a ramp.
        name = "delta_degC" if symbol == "degC" else _SYMBOLS[symbol]
        text += f"{name}**{match[2]}" if match[2] else name
    return text


def _unknown(unit: str, part: str) -> str:
    if "**" in unit:
        return f"unit {unit!r} is not known; write a power as in m^2"
    if not unit.strip():
        return f"unit {unit!r} is empty; did you mean '1', a plain number?"
    if not part:
        return f"unit {unit!r} is not known: something is missing beside '*' or '/'"
    # The micro sign and the Greek letter look alike.
    plain = part.strip().replace("\u00b5", "u").replace("\u03bc", "u")
    alike = [s for s in _SYMBOLS if s == plain] or [
        s for s in _SYMBOLS if s.lower() == plain.lower()
    ]
    hints = [_HINTS[plain]] if plain in _HINTS else alike
    advice = f"use one of {', '.join(_SYMBOLS)}"
    if hints:
        advice = f"did you mean {' or '.join(map(repr, hints))}?"
    return f"unit {unit!r} is not known because of {part!r}; {advice}"


def check_unit(unit: str) -> str:
    """Return ``unit`` where it is on the whitelist.

    Symbols may be combined: ``mL/min``, ``L/mol/s``, ``m^2``, ``1/s``.

    Raises:
        UnitError: the text is no unit, with what was probably meant.
    """
    if not isinstance(unit, str):
        raise UnitError(f"a unit must be a text such as 'mL/min', got {unit!r}")
    _pint_text(unit)
    return unit


def quantity(value: float, unit: str) -> Quantity:
    """Return ``value unit`` as a pint quantity that can be calculated with.

    Raises:
        UnitError: an unknown unit, or a value that is no finite number.
    """
    if isinstance(value, (str, bytes, bool)):
        raise UnitError(f"a quantity needs a number, got {value!r} {unit}")
    number = float(value)
    if not math.isfinite(number):
        raise UnitError(f"a quantity must be finite, got {number} {unit}")
    made: Quantity = _registry().Quantity(number, _pint_unit(unit))
    return made


def parse_quantity(text: str) -> Quantity:
    """Return the quantity that a text such as ``"5 mL"`` names; raises UnitError."""
    value, unit = split_quantity(text)
    return quantity(value, unit)


def split_quantity(text: str) -> tuple[float, str]:
    """Return number and unit of a text such as ``"5 mL"``; raises UnitError."""
    match = _NUMBER_AND_UNIT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UnitError(f"expected a number and a unit such as '5 mL', got {text!r}")
    number = float(match[1])
    if not math.isfinite(number):
        raise UnitError(f"a quantity must be finite, got {text!r}")
    return number, check_unit(match[2] or "1")


@lru_cache(maxsize=1024)
def _linear(source: str, target: str) -> tuple[float, float]:
    """Return factor and offset with target = factor * source + offset."""
    a, b = _registry().Quantity(0.0, _pint_unit(source)), _pint_unit(target)
    if a.dimensionality != b.dimensionality:
        raise UnitError(f"{source!r} cannot be converted to {target!r}: other dimension")
    offset = float(a.to(b).magnitude)
    factor = float(_registry().Quantity(1.0, _pint_unit(source)).to(b).magnitude) - offset
    return factor, offset


def convert(value: float, source: str, target: str) -> float:
    """Return ``value`` given in ``source`` expressed in ``target``; raises UnitError."""
    if source == target:
        return float(value)
    factor, offset = _linear(source, target)
    return factor * float(value) + offset


def same_dimension(first: str, second: str) -> bool:
    """Return whether one unit can be converted to the other."""
    return bool(_pint_unit(first).dimensionality == _pint_unit(second).dimensionality)


def is_quantity(value: object) -> bool:
    """Return whether ``value`` carries a unit."""
    return hasattr(value, "magnitude") and hasattr(value, "dimensionality")


_SCALES: dict[tuple[Any, str], tuple[float, float]] = {}
"""(pint's units, target) -> factor and offset of conversions that were done before."""
_MOST_SCALES = 1024


def _known_scale(value: Any, unit: str) -> tuple[float, float] | None:
    """Return factor and offset to ``unit`` where this conversion was found legal before.

    Only for plain numbers in units of labloop's own registry: pint's arithmetic takes longer
    than a simulated device to answer.
    """
    if type(value) is not _registry().Quantity or type(value._magnitude) not in {float, int}:  # noqa: SLF001 - the public door builds an object
        return None
    return _SCALES.get((value._units, unit))  # noqa: SLF001 - as above


def _keep_scale(value: Any, target: Any, unit: str) -> None:
    """Keep the conversion from the units of ``value`` to ``target``, where it is a line."""
    registry = _registry()
    if not isinstance(value, registry.Quantity):
        return
    units = value._units  # noqa: SLF001 - the public door builds an object
    at = [float(registry.Quantity(x, units).to(target).magnitude) for x in (0.0, 1.0, 3.0)]
    factor = at[1] - at[0]
    if math.isclose(at[2], at[0] + 3.0 * factor, rel_tol=1e-12):
        if len(_SCALES) >= _MOST_SCALES:
            _SCALES.clear()
        _SCALES[units, unit] = factor, at[0]


def _converted(value: Any, unit: str, what: str) -> float:
    """Return the number of a quantity in ``unit`` by pint's own arithmetic; raises UnitError."""
    target = _pint_unit(unit)
    if value.dimensionality != target.dimensionality:
        raise UnitError(f"{what} needs a quantity in {unit!r}, got {value:~}")
    try:
        number = float(value.to(target).magnitude)
    except TypeError as error:
        # pint's offset errors are TypeErrors: a difference is no place on the scale.
        raise UnitError(
            f"{what} needs a quantity in {unit!r}, got the difference {value:~}"
        ) from error
    _keep_scale(value, target, unit)
    return number


def magnitude(value: object, unit: str, what: str) -> float:
    """Return the number of ``value`` in ``unit``: the one conversion before a device.

    Args:
        value: a quantity; a bare number only where ``unit`` is ``"1"``.
        unit: the unit that the action declares.
        what: names the argument in the message.

    Raises:
        UnitError: a bare number for a dimensional argument, another dimension, not finite.
    """
    known = _known_scale(value, unit)
    if known is not None:
        factor, offset = known
        number = factor * float(value._magnitude) + offset  # type: ignore[attr-defined]  # noqa: SLF001 - as _known_scale found
    elif is_quantity(value):
        number = _converted(value, unit, what)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if unit != "1":
            raise UnitError(
                f"{what} needs a quantity in {unit!r}, got the bare number {value!r}; "
                f"write quantity({value!r}, {unit!r})"
            )
        number = float(value)
    else:
        raise UnitError(f"{what} needs a quantity in {unit!r}, got {value!r}")
    if not math.isfinite(number):
        raise UnitError(f"{what} must be finite, got {number}")
    return number


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Return pint's name of each whitelisted unit -> the symbol that labloop uses."""
    registry = _registry()
    names = {str(registry.Unit(name)): s for s, name in reversed(_SYMBOLS.items()) if s != "1"}
    return names | {str(registry.Unit("delta_degC")): "degC"}


def split_units(value: object) -> tuple[float, str]:
    """Return number and unit text of a quantity, for keeping it; raises UnitError.

    A difference of temperatures is told in ``K``, since ``degC`` alone is a temperature.
    """
    if not is_quantity(value):
        raise UnitError(f"expected a quantity, got {value!r}")
    pint_value: Any = value
    names = _names()
    factors = dict(pint_value._units.items())  # noqa: SLF001 - pint's only door to the factors
    over: list[str] = []
    under: list[str] = []
    for name, power in factors.items():
        if name not in names or power != int(power):
            raise UnitError(f"the unit of {pint_value:~} is not on labloop's list")
        symbol = names[name] + (f"^{abs(int(power))}" if abs(power) != 1 else "")
        (over if power > 0 else under).append(symbol)
    unit = "*".join(sorted(over)) or "1"
    unit += "".join(f"/{symbol}" for symbol in sorted(under))
    if unit == "degC" and str(pint_value.units).startswith("delta"):
        unit = "K"
    return float(pint_value.magnitude), check_unit(unit)
