"""Surrogates: models of what experiments yield."""

from labloop.surrogates._base import FittedSurrogate, SurrogateFactory, TrainingData
from labloop.surrogates._device import check_device
from labloop.surrogates._gp import GPFactory, GPModel
from labloop.surrogates._mixture import DeltaFactory, MixtureFactory
from labloop.surrogates._mixture_model import MixtureModel, MixturePosterior
from labloop.surrogates._parts import Parted, VarianceParts
from labloop.surrogates._physics_inputs import (
    MeasuredData,
    PhysicsFailureError,
    SingularMatrixError,
)
from labloop.surrogates._scores import (
    log_density_of_scores,
    softmax_weights,
    spread_of,
)

__all__ = [
    "DeltaFactory",
    "FittedSurrogate",
    "GPFactory",
    "GPModel",
    "MeasuredData",
    "MixtureFactory",
    "MixtureModel",
    "MixturePosterior",
    "Parted",
    "PhysicsFailureError",
    "SingularMatrixError",
    "SurrogateFactory",
    "TrainingData",
    "VarianceParts",
    "check_device",
    "log_density_of_scores",
    "softmax_weights",
    "spread_of",
]
