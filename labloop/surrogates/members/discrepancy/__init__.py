"""Discrepancy models: physics as the mean and a Gaussian process on what it misses.

Read ``posterior`` first. ``conditioned`` holds the algebra at the experiments, ``fit`` learns the
physics' parameters, ``state`` goes to and from the database.
"""

from labloop.surrogates.members.discrepancy.conditioned import ResidualGP
from labloop.surrogates.members.discrepancy.fit import fit_discrepancy_models
from labloop.surrogates.members.discrepancy.posterior import DiscrepancyPosterior
from labloop.surrogates.members.discrepancy.state import discrepancy_models_of, discrepancy_state_of

__all__ = [
    "DiscrepancyPosterior",
    "ResidualGP",
    "discrepancy_models_of",
    "discrepancy_state_of",
    "fit_discrepancy_models",
]
