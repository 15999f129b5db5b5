"""Legal points of a whole space: proved to exist, sampled, found near others, enumerated.

Read ``structure.py`` first: it sorts the columns of a space and proves that a legal point exists.
``sampler.py`` draws points, ``nearest_legal.py`` decodes and repairs them, ``candidates.py`` lists
them. How one parameter or one mixture is drawn belongs to ``parameters`` and ``constraints``.
"""

from labloop.space.sampling.candidates import (
    MAX_CANDIDATES,
    Candidates,
    count_combinations,
    enumerate_points,
)
from labloop.space.sampling.nearest_legal import decode, with_exact_sums
from labloop.space.sampling.sampler import Sampler
from labloop.space.sampling.structure import Item, build_structure

__all__ = [
    "MAX_CANDIDATES",
    "Candidates",
    "Item",
    "Sampler",
    "build_structure",
    "count_combinations",
    "decode",
    "enumerate_points",
    "with_exact_sums",
]
