"""Predictions as BoTorch models, their variance in parts, and their density at scores."""

from labloop.surrogates.posteriors.mixture_model import MixtureModel, MixturePosterior
from labloop.surrogates.posteriors.physics_gp_model import PhysicsGPModel, PhysicsPosterior
from labloop.surrogates.posteriors.predictive_density import (
    log_density_of_channel,
    log_density_of_scores,
    softmax_weights,
    spread_of,
)
from labloop.surrogates.posteriors.variance_decomposition import Parted, VarianceParts

__all__ = [
    "MixtureModel",
    "MixturePosterior",
    "Parted",
    "PhysicsGPModel",
    "PhysicsPosterior",
    "VarianceParts",
    "log_density_of_channel",
    "log_density_of_scores",
    "softmax_weights",
    "spread_of",
]
