"""Mixtures of models with and without physics: members, weights, and doubts about the physics."""

from labloop.surrogates.mixture.mixture import DeltaFactory, MixtureFactory

__all__ = [
    "DeltaFactory",
    "MixtureFactory",
]
