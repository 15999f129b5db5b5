"""The search space: parameters with units, and the constraints between them.

Parameters, a pool and constraints make a ``SearchSpace``, which validates, samples, enumerates
and encodes points to the unit cube. Needs numpy alone. Read ``_space.py``
first; the wings below it are ``parameters``, ``constraints`` and ``sampling``. What is wanted of
the results belongs to ``labloop.objectives``, which point to try next to ``labloop.brain``.
"""

from labloop.space._encoded import EncodedConstraint
from labloop.space._grid import places
from labloop.space._plate import Group, Layout, Plate
from labloop.space._space import SearchSpace
from labloop.space.constraints import (
    Condition,
    Conditional,
    Forbidden,
    Linear,
    Mixture,
    Nonlinear,
    Subset,
    describe_condition,
)
from labloop.space.parameters import (
    Categorical,
    Continuous,
    Feature,
    Integer,
    Numeric,
    Ordered,
    Parameter,
    Pool,
)
from labloop.space.sampling import Candidates

__all__ = [
    "Candidates",
    "Categorical",
    "Condition",
    "Conditional",
    "Continuous",
    "EncodedConstraint",
    "Feature",
    "Forbidden",
    "Group",
    "Integer",
    "Layout",
    "Linear",
    "Mixture",
    "Nonlinear",
    "Numeric",
    "Ordered",
    "Parameter",
    "Plate",
    "Pool",
    "SearchSpace",
    "Subset",
    "describe_condition",
    "places",
]
