"""SI lines of units: inside physics every float is SI."""

from functools import lru_cache
from typing import Any

from labloop.units import check_unit, quantity


@lru_cache(maxsize=256)
def si_conversion(unit: str) -> tuple[float, float]:
    """Return (factor, offset) with SI value = factor * value + offset; raises UnitError."""
    check_unit(unit)
    zero = float(quantity(0.0, unit).to_base_units().magnitude)
    return float(quantity(1.0, unit).to_base_units().magnitude) - zero, zero


@lru_cache(maxsize=256)
def si_quantity(unit: str) -> Any:
    """Return the SI quantity of 1 ``unit``, for checks of dimension by calculating with it.

    A difference is taken where the unit has an offset, so that products stay legal.
    """
    return quantity(1.0, unit).to_base_units()
