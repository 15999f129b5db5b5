"""Parameters: one column of a point each, with its unit, its legal values and its encoding.

Read ``base.py`` first: it says what every parameter can do. ``numeric.py``, ``categorical.py`` and
``pool.py`` hold the kinds that a person declares. What ties several parameters together belongs
to ``constraints``.
"""

from labloop.space.parameters.base import (
    TOLERANCE,
    Feature,
    Numeric,
    Parameter,
    check_name,
    check_space_unit,
    index_of_rows,
    is_list,
    keys_of_rows,
)
from labloop.space.parameters.categorical import Categorical
from labloop.space.parameters.numeric import Continuous, Integer, Ordered
from labloop.space.parameters.pool import Pool

__all__ = [
    "TOLERANCE",
    "Categorical",
    "Continuous",
    "Feature",
    "Integer",
    "Numeric",
    "Ordered",
    "Parameter",
    "Pool",
    "check_name",
    "check_space_unit",
    "index_of_rows",
    "is_list",
    "keys_of_rows",
]
