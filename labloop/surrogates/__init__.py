"""Surrogates: models of the outputs that learn from experiments, with and without physics.

A surrogate is a factory whose ``fit`` makes a :class:`FittedSurrogate` of :class:`TrainingData`;
both stand in ``_base``. What is proposed next belongs to ``labloop.brain``. Wings, from top to
bottom: ``mixture``, ``members``, ``solving``, ``posteriors`` and ``estimation`` (parameters from a
table, without a campaign), ``numerics``.
"""

from labloop.surrogates._base import FittedSurrogate, SurrogateFactory, TrainingData
from labloop.surrogates.estimation import (
    FittedOutput,
    FittedParameter,
    PhysicsFit,
    describe_output,
    fit_physics,
)
from labloop.surrogates.members import GPFactory, GPModel, fit_output
from labloop.surrogates.mixture import DeltaFactory, MixtureFactory
from labloop.surrogates.numerics import build_kernel
from labloop.surrogates.posteriors import (
    MixtureModel,
    MixturePosterior,
    Parted,
    VarianceParts,
    log_density_of_scores,
    softmax_weights,
    spread_of,
    told_parts,
)
from labloop.surrogates.solving import (
    MeasuredData,
    PhysicsFailureError,
    SingularMatrixError,
    check_device,
)

__all__ = [
    "DeltaFactory",
    "FittedOutput",
    "FittedParameter",
    "FittedSurrogate",
    "GPFactory",
    "GPModel",
    "MeasuredData",
    "MixtureFactory",
    "MixtureModel",
    "MixturePosterior",
    "Parted",
    "PhysicsFailureError",
    "PhysicsFit",
    "SingularMatrixError",
    "SurrogateFactory",
    "TrainingData",
    "VarianceParts",
    "build_kernel",
    "check_device",
    "describe_output",
    "fit_output",
    "fit_physics",
    "log_density_of_scores",
    "softmax_weights",
    "spread_of",
    "told_parts",
]
