"""Constraints between parameters: linear, mixtures, subsets, conditions, functions.

Read ``declarations.py`` first, then ``system.py``, which makes one linear system of mixtures and
linear constraints. ``subset.py``, ``forbidden.py``, ``conditional.py`` and ``nonlinear.py`` hold
what no linear system can say, each with its rule over codes; ``conditions.py`` is their language.
``simplex_points.py`` and ``sparse_points.py`` sample and project mixtures; ``linear_program.py`` is
the solver. The search for legal points under all constraints together belongs to ``sampling``.
"""

from labloop.space.constraints.conditional import Conditional, ConditionalRule, in_order
from labloop.space.constraints.conditions import (
    BoolArray,
    ColumnTest,
    Condition,
    describe_condition,
)
from labloop.space.constraints.declarations import Linear, Mixture
from labloop.space.constraints.forbidden import ConditionRule, Forbidden, Only
from labloop.space.constraints.linear_program import minimise
from labloop.space.constraints.nonlinear import FunctionRule, Nonlinear
from labloop.space.constraints.simplex_points import Simplex
from labloop.space.constraints.sparse_points import SparseBox, SparseSimplex
from labloop.space.constraints.subset import Subset, SubsetRule
from labloop.space.constraints.system import LinearSystem, build_linear_system

__all__ = [
    "BoolArray",
    "ColumnTest",
    "Condition",
    "ConditionRule",
    "Conditional",
    "ConditionalRule",
    "Forbidden",
    "FunctionRule",
    "Linear",
    "LinearSystem",
    "Mixture",
    "Nonlinear",
    "Only",
    "Simplex",
    "SparseBox",
    "SparseSimplex",
    "Subset",
    "SubsetRule",
    "build_linear_system",
    "describe_condition",
    "in_order",
    "minimise",
]
