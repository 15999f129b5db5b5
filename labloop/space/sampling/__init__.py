"""Legal points of a whole space: proved to exist, sampled, found near others, enumerated.

Read ``columns.py`` first: it holds the columns of a space, which ``building.py`` sorts;
``legal_points.py`` proves that a legal point exists. ``sampler.py`` draws points,
``nearest_legal.py`` decodes and repairs them, ``candidates.py`` lists them. How one parameter or
one mixture is drawn belongs to ``parameters`` and ``constraints``.
"""

from labloop.space.sampling.building import Item, build_structure
from labloop.space.sampling.candidates import MAX_CANDIDATES, Candidates, enumerate_points
from labloop.space.sampling.listing import count_combinations
from labloop.space.sampling.nearest_legal import decode, with_exact_sums
from labloop.space.sampling.sampler import Sampler
from labloop.space.sampling.structure import SpaceStructure

__all__ = [
    "MAX_CANDIDATES",
    "Candidates",
    "Item",
    "Sampler",
    "SpaceStructure",
    "build_structure",
    "count_combinations",
    "decode",
    "enumerate_points",
    "with_exact_sums",
]
