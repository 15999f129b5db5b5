"""Conversion of units to SI, in which the models calculate."""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations
from typing import Any

from labloop.units import check_unit, quantity, same_dimension

_SYMBOL = re.compile(r"[^\W\d_]+")


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


def mixed_units(units: Iterable[str]) -> tuple[str, str] | None:
    """Return two symbols for one dimension among ``units``: min and s in ``1/min`` and ``s``.

    A product of values in such units lacks a factor. None where every dimension has one symbol.
    """
    symbols = dict.fromkeys(symbol for unit in units for symbol in _SYMBOL.findall(unit))
    for one, other in combinations(symbols, 2):
        if same_dimension(one, other) and si_conversion(one)[0] != si_conversion(other)[0]:
            return one, other
    return None
