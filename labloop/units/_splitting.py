"""Splits a quantity of pint into its number and its unit as labloop writes it."""

from functools import lru_cache
from typing import Any

from labloop.errors import UnitError
from labloop.units._symbols import SYMBOLS, check_unit


@lru_cache(maxsize=1)
def _names(registry: Any) -> dict[str, str]:
    """Return pint's name of each whitelisted unit -> the symbol that labloop uses."""
    names = {
        str(registry.Unit(name)): s
        for s, name in reversed(SYMBOLS.items())
        if name != "dimensionless"
    }
    return names | {str(registry.Unit("delta_degC")): "degC"}


def split(value: Any, registry: Any) -> tuple[float, str]:
    """Return number and unit text of a pint quantity; raises UnitError.

    Args:
        value: the quantity, of any registry: units are compared by their names.
        registry: labloop's own registry, which knows pint's names of the listed units.
    """
    names = _names(registry)
    factors = dict(value._units.items())  # noqa: SLF001 - pint has no public access to them
    over: list[str] = []
    under: list[str] = []
    for name, power in factors.items():
        if name not in names or power != int(power):
            raise UnitError(f"the unit of {value:~} is not on labloop's list")
        symbol = names[name] + (f"^{abs(int(power))}" if abs(power) != 1 else "")
        (over if power > 0 else under).append(symbol)
    unit = "*".join(sorted(over)) or "1"
    unit += "".join(f"/{symbol}" for symbol in sorted(under))
    if unit == "degC" and str(value.units).startswith("delta"):
        unit = "K"
    return float(value.magnitude), check_unit(unit)
