"""Constraints between parameters: linear ones and mixtures, and the mathematics of both.

Read ``declarations.py`` first, then ``system.py``, which makes one linear system of them all.
``simplex_points.py`` samples and projects mixtures; ``linear_program.py`` is the solver. The
search for legal points under all constraints together belongs to ``sampling``.
"""

from labloop.space.constraints.declarations import Linear, Mixture
from labloop.space.constraints.linear_program import minimise
from labloop.space.constraints.simplex_points import Simplex
from labloop.space.constraints.system import BoolArray, LinearSystem, build_linear_system

__all__ = [
    "BoolArray",
    "Linear",
    "LinearSystem",
    "Mixture",
    "Simplex",
    "build_linear_system",
    "minimise",
]
