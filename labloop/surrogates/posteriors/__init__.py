"""Predictions as BoTorch models, their variance in parts, and their density at scores."""

from labloop.surrogates.posteriors.blocks_model import Block, PhysicsGPModel
from labloop.surrogates.posteriors.mixture_model import MixtureModel, MixturePosterior
from labloop.surrogates.posteriors.scores import (
    log_density_of_channel,
    log_density_of_scores,
    softmax_weights,
    spread_of,
)
from labloop.surrogates.posteriors.variance_parts import Parted, VarianceParts

__all__ = [
    "Block",
    "MixtureModel",
    "MixturePosterior",
    "Parted",
    "PhysicsGPModel",
    "VarianceParts",
    "log_density_of_channel",
    "log_density_of_scores",
    "softmax_weights",
    "spread_of",
]
