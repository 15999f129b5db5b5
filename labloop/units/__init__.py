"""Quantities with a whitelist of units.

A strict parser stands before pint, which is loaded on first use: pint by itself reads
``ML`` as megalitre, ``25 C`` as coulomb and evaluates ``9**9**2 m``.
"""

from labloop.units._quantities import (
    Quantity,
    convert,
    is_quantity,
    magnitude,
    parse_quantity,
    quantity,
    same_dimension,
    split_quantity,
    split_units,
)
from labloop.units._symbols import check_unit

__all__ = [
    "Quantity",
    "check_unit",
    "convert",
    "is_quantity",
    "magnitude",
    "parse_quantity",
    "quantity",
    "same_dimension",
    "split_quantity",
    "split_units",
]
