"""Quantities: numbers with a unit of a fixed list, calculated by pint.

A strict parser comes before pint, which by itself reads ``ML`` as megalitre, ``25 C`` as coulombs
and evaluates ``9**9**2 m``. pint is imported on first use. Read ``_quantities.py`` first;
``_symbols.py`` is the list of units. Checks of plain numbers belong to ``labloop.records``.
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
