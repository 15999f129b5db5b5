"""Parameters: what may be varied, with units and codes."""

from labloop.space.parameters.base import (
    TOLERANCE,
    Feature,
    Numeric,
    Parameter,
    check_name,
    check_space_unit,
    index_of_rows,
    is_list,
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
]
