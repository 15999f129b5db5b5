"""Quantities: made, parsed, converted, and split into number and unit."""

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from labloop.errors import UnitError
from labloop.units._splitting import split
from labloop.units._symbols import DEFINITIONS, check_unit, pint_text, plain_unit

if TYPE_CHECKING:
    import pint

    Quantity: TypeAlias = pint.Quantity[float]
else:
    Quantity = Any

_NUMBER_AND_UNIT = re.compile(r"\s*([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)\s*(\S*)\s*", re.ASCII)


@lru_cache(maxsize=1)
def _registry() -> Any:
    # Imported on first use: pint takes a third of a second.
    from labloop.units._arithmetic import LabRegistry  # noqa: PLC0415 - as above

    registry: Any = LabRegistry(cache_folder=None)
    for definition in DEFINITIONS:
        registry.define(definition)
    return registry


@lru_cache(maxsize=1024)
def _pint_unit(unit: str) -> Any:
    """Return the pint unit of a whitelisted text; raises UnitError."""
    return _registry().Unit(pint_text(unit))


def quantity(value: float, unit: str) -> Quantity:
    """Return ``value unit`` as a pint quantity that can be calculated with.

    Raises:
        UnitError: an unknown unit, or a value that is no finite number.
    """
    if isinstance(value, (str, bytes, bool)) or is_quantity(value):
        given = f"{value:~}" if is_quantity(value) else repr(value)
        raise UnitError(f"a quantity needs a number, got {given} and the unit {unit!r}")
    check_unit(unit)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise UnitError(f"a quantity needs a number, got {value!r:.60}: {error}") from None
    if not math.isfinite(number):
        raise UnitError(f"a quantity must be finite, got {number} {unit}")
    made: Quantity = _registry().Quantity(number, _pint_unit(unit))
    return made


def parse_quantity(text: str) -> Quantity:
    """Return the quantity that a text such as ``"5 mL"`` names; raises UnitError."""
    value, unit = split_quantity(text)
    return quantity(value, unit)


def split_quantity(text: str) -> tuple[float, str]:
    """Return number and unit of a text such as ``"5 mL"``; raises UnitError.

    A unit that is written with signs (``80 °C``, ``5 µL``) is returned in plain letters.
    """
    match = _NUMBER_AND_UNIT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise UnitError(f"expected a number and a unit such as '5 mL', got {text!r}")
    number = float(match[1])
    if not math.isfinite(number):
        raise UnitError(f"a quantity must be finite, got {text!r}")
    return number, check_unit(plain_unit(match[2] or "1"))


@lru_cache(maxsize=1024)
def _linear(source: str, target: str) -> tuple[float, float]:
    """Return factor and offset with target = factor * source + offset."""
    # What is declared is spelled as here; what comes in may be written with signs.
    source = plain_unit(source)
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


_CONVERSIONS: dict[tuple[Any, str], tuple[float, float]] = {}
"""Cache: (units of pint, target) -> factor and offset of the conversion."""
_MAX_CONVERSIONS = 1024


def _cached_conversion(value: Any, unit: str) -> tuple[float, float] | None:
    """Return factor and offset to ``unit`` from the cache, or None.

    Only for plain numbers in units of labloop's own registry. pint's arithmetic takes longer
    than the answer of a simulated device.
    """
    if type(value) is not _registry().Quantity or type(value._magnitude) not in {float, int}:  # noqa: SLF001 - the public door builds an object
        return None
    return _CONVERSIONS.get((value._units, unit))  # noqa: SLF001 - as above


def _cache_conversion(value: Any, target: Any, unit: str) -> None:
    """Add the conversion from the units of ``value`` to the cache, where it is affine."""
    registry = _registry()
    if not isinstance(value, registry.Quantity):
        return
    units = value._units  # noqa: SLF001 - the public door builds an object
    at = [float(registry.Quantity(x, units).to(target).magnitude) for x in (0.0, 1.0, 3.0)]
    factor = at[1] - at[0]
    if math.isclose(at[2], at[0] + 3.0 * factor, rel_tol=1e-12):
        if len(_CONVERSIONS) >= _MAX_CONVERSIONS:
            _CONVERSIONS.clear()
        _CONVERSIONS[units, unit] = factor, at[0]


def _converted(value: Any, unit: str, what: str) -> float:
    """Return the number of a quantity in ``unit`` by pint's own arithmetic; raises UnitError."""
    target = _pint_unit(unit)
    if value.dimensionality != target.dimensionality:
        raise UnitError(f"{what} needs a quantity in {unit!r}, got {value:~}")
    try:
        number = float(value.to(target).magnitude)
    except TypeError as error:
        # pint raises a TypeError where a difference of temperatures is taken for a temperature.
        raise UnitError(
            f"{what} needs a quantity in {unit!r}, got the difference {value:~}"
        ) from error
    _cache_conversion(value, target, unit)
    return number


def magnitude(value: object, unit: str, what: str) -> float:
    """Return the number of ``value`` in ``unit``, for an argument of an action.

    Args:
        value: a quantity; a bare number only where ``unit`` is ``"1"``.
        unit: the unit that the action declares.
        what: names the argument in the message.

    Raises:
        UnitError: a bare number for a dimensional argument, another dimension, not finite.
    """
    known = _cached_conversion(value, unit)
    if known is not None:
        factor, offset = known
        number = factor * float(value._magnitude) + offset  # type: ignore[attr-defined]  # noqa: SLF001 - as _cached_conversion found
    elif is_quantity(value):
        number = _converted(value, unit, what)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if unit != "1":
            raise UnitError(
                f"{what} needs a quantity in {unit!r}, got the bare number {value!r}; "
                f"write quantity({value!r}, {unit!r})"
            )
        number = _float(value)
    else:
        raise UnitError(f"{what} needs a quantity in {unit!r}, got {value!r}")
    if not math.isfinite(number):
        raise UnitError(f"{what} must be finite, got {number}")
    return number


def _float(value: float) -> float:
    """Return a number, infinity for a whole one that no float can hold."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def split_units(value: object) -> tuple[float, str]:
    """Return number and unit text of a quantity, to store it; raises UnitError.

    A difference of temperatures is given in ``K``, since ``degC`` alone is a temperature.
    """
    if not is_quantity(value):
        raise UnitError(f"expected a quantity, got {value!r}")
    return split(value, _registry())
