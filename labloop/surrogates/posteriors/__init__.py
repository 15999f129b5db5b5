"""Predictions as BoTorch models, the decomposition of their variance, and predictive densities.

What a BoTorch acquisition function sees belongs here; how a model is fitted does not. Read
``physics_gp_model`` first: its protocol is what every member with physics fulfils.
"""

from labloop.surrogates.posteriors.mixture_model import MixtureModel, MixturePosterior
from labloop.surrogates.posteriors.physics_gp_model import PhysicsGPModel, PhysicsPosterior
from labloop.surrogates.posteriors.predictive_density import (
    log_density_of_channel,
    log_density_of_scores,
    softmax_weights,
    spread_of,
)
from labloop.surrogates.posteriors.variance_decomposition import (
    Parted,
    Told,
    VarianceParts,
    told_parts,
)

__all__ = [
    "MixtureModel",
    "MixturePosterior",
    "Parted",
    "PhysicsGPModel",
    "PhysicsPosterior",
    "Told",
    "VarianceParts",
    "log_density_of_channel",
    "log_density_of_scores",
    "softmax_weights",
    "spread_of",
    "told_parts",
]
