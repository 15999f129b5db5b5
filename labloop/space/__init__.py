"""What may be varied, with units, and where it may go.

Parameters, pools, mixtures and linear constraints make a ``SearchSpace``, which validates,
samples, enumerates and encodes points to the unit cube. Needs numpy alone.
"""

from labloop.space._base import Feature, Numeric, Parameter
from labloop.space._candidates import Candidates
from labloop.space._categorical import Categorical
from labloop.space._constraints import Linear, Mixture
from labloop.space._numeric import Continuous, Integer, Ordered
from labloop.space._places import places
from labloop.space._pool import Pool
from labloop.space._space import EncodedConstraint, SearchSpace

__all__ = [
    "Candidates",
    "Categorical",
    "Continuous",
    "EncodedConstraint",
    "Feature",
    "Integer",
    "Linear",
    "Mixture",
    "Numeric",
    "Ordered",
    "Parameter",
    "Pool",
    "SearchSpace",
    "places",
]
