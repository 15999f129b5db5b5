"""Models of one kind each: plain processes, and physics with three kinds of correction."""

from labloop.surrogates.members.discrepancy import DiscrepancyPosterior
from labloop.surrogates.members.discrepancy_fit import fit_discrepancy_models
from labloop.surrogates.members.discrepancy_state import discrepancy_models_of, discrepancy_state_of
from labloop.surrogates.members.gp import GPFactory, GPModel, fit_output
from labloop.surrogates.members.hybrid import HybridFit, HybridPosterior, fit_hybrid
from labloop.surrogates.members.hybrid_state import hybrid_of, hybrid_state_of
from labloop.surrogates.members.varying import VaryingPosterior, fit_varying
from labloop.surrogates.members.varying_state import varying_of, varying_state_of

__all__ = [
    "DiscrepancyPosterior",
    "GPFactory",
    "GPModel",
    "HybridFit",
    "HybridPosterior",
    "VaryingPosterior",
    "discrepancy_models_of",
    "discrepancy_state_of",
    "fit_discrepancy_models",
    "fit_hybrid",
    "fit_output",
    "fit_varying",
    "hybrid_of",
    "hybrid_state_of",
    "varying_of",
    "varying_state_of",
]
