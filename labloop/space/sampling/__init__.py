"""Legal points: sampled, searched for, repaired and listed."""

from labloop.space.sampling.candidates import MOST, Candidates, enumerated, raw_count
from labloop.space.sampling.nearest_legal import decode, polished
from labloop.space.sampling.sampler import Sampler
from labloop.space.sampling.structure import Item, build_frame

__all__ = [
    "MOST",
    "Candidates",
    "Item",
    "Sampler",
    "build_frame",
    "decode",
    "enumerated",
    "polished",
    "raw_count",
]
