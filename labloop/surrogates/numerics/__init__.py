"""Kernels, least squares, evidence and cross-validation: mathematics that knows no member.

Nothing here imports BoTorch or solves physics itself. Read ``kernels`` first, then
``levenberg_marquardt`` and ``cross_validation``.
"""

from labloop.surrogates.numerics.cross_validation import (
    LinearisedMeasurements,
    leave_one_out,
    one_step_ahead,
)
from labloop.surrogates.numerics.gp_average import plausible_gps
from labloop.surrogates.numerics.gp_condition import condition_on, foretold_without
from labloop.surrogates.numerics.gp_fit import (
    HARDLY_ANY_NOISE,
    LITTLE_NOISE,
    MEAN_VARIANCE,
    NOISE,
    FittedGP,
    fit_gp,
)
from labloop.surrogates.numerics.kernels import (
    Hyperparameters,
    Kernel,
    build_kernel,
    cross_covariance,
    profile_and_derivative,
    squared_distances,
)
from labloop.surrogates.numerics.leading_modes import CurveModes, curve_modes
from labloop.surrogates.numerics.levenberg_marquardt import (
    LIMIT,
    Minimum,
    ValueAndJacobian,
    least_squares,
)
from labloop.surrogates.numerics.marginal_likelihood import NOT_POSITIVE_DEFINITE, evidence
from labloop.surrogates.numerics.residual_gp import fit_residual_gp
from labloop.surrogates.numerics.stability import alternative_minimum, best_distinct, left_saddle

__all__ = [
    "HARDLY_ANY_NOISE",
    "LIMIT",
    "LITTLE_NOISE",
    "MEAN_VARIANCE",
    "NOISE",
    "NOT_POSITIVE_DEFINITE",
    "CurveModes",
    "FittedGP",
    "Hyperparameters",
    "Kernel",
    "LinearisedMeasurements",
    "Minimum",
    "ValueAndJacobian",
    "alternative_minimum",
    "best_distinct",
    "build_kernel",
    "condition_on",
    "cross_covariance",
    "curve_modes",
    "evidence",
    "fit_gp",
    "fit_residual_gp",
    "foretold_without",
    "least_squares",
    "leave_one_out",
    "left_saddle",
    "one_step_ahead",
    "plausible_gps",
    "profile_and_derivative",
    "squared_distances",
]
