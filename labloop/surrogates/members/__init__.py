"""Models of one kind each: plain processes, and physics with three kinds of correction."""

from labloop.surrogates.members.delta import SolvedBlock
from labloop.surrogates.members.delta_fit import fit_blocks
from labloop.surrogates.members.delta_state import blocks_of, state_of
from labloop.surrogates.members.field import SolvedField, fit_field
from labloop.surrogates.members.field_state import field_of, field_state_of
from labloop.surrogates.members.gp import GPFactory, GPModel
from labloop.surrogates.members.hybrid import Hybrid, SolvedHybrid, fit_hybrid
from labloop.surrogates.members.hybrid_state import hybrid_of, hybrid_state_of

__all__ = [
    "GPFactory",
    "GPModel",
    "Hybrid",
    "SolvedBlock",
    "SolvedField",
    "SolvedHybrid",
    "blocks_of",
    "field_of",
    "field_state_of",
    "fit_blocks",
    "fit_field",
    "fit_hybrid",
    "hybrid_of",
    "hybrid_state_of",
    "state_of",
]
