"""Past experiments as strategies read them, and one seed for all that is random."""

from labloop.brain.observations.history import (
    check_count,
    exhausted,
    fresh,
    labels,
    legal,
    open_candidates,
    untried,
    usable,
)
from labloop.brain.observations.imported import Rows, read_past
from labloop.brain.observations.seeding import isolated, small_seed
from labloop.brain.observations.tried_points import Tried, tried

__all__ = [
    "Rows",
    "Tried",
    "check_count",
    "exhausted",
    "fresh",
    "isolated",
    "labels",
    "legal",
    "open_candidates",
    "read_past",
    "small_seed",
    "tried",
    "untried",
    "usable",
]
