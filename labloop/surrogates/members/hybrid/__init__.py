"""Hybrid models: networks within physics as the mean, a Gaussian process on what they miss.

Read ``posterior`` first. ``network`` is one network and its Jacobian, ``training`` finds the
weights of an ensemble and of the folds that judge it, ``state`` goes to and from the database.
"""

from labloop.surrogates.members.hybrid.posterior import HybridFit, HybridPosterior, fit_hybrid
from labloop.surrogates.members.hybrid.state import hybrid_of, hybrid_state_of

__all__ = [
    "HybridFit",
    "HybridPosterior",
    "fit_hybrid",
    "hybrid_of",
    "hybrid_state_of",
]
