"""Where points may go: linear constraints and mixtures, as rows over the unit cube."""

from labloop.space.constraints.declarations import Linear, Mixture
from labloop.space.constraints.linear_program import minimise
from labloop.space.constraints.simplex_points import Simplex
from labloop.space.constraints.system import BoolArray, System, build_system

__all__ = [
    "BoolArray",
    "Linear",
    "Mixture",
    "Simplex",
    "System",
    "build_system",
    "minimise",
]
