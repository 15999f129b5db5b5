"""Covariances, fits and cross-validation in plain NumPy."""

from labloop.surrogates.numerics.cross_validation import Linearised, leave_one_out, one_step_ahead
from labloop.surrogates.numerics.discrepancy import fit_discrepancy
from labloop.surrogates.numerics.gp_fit import MEAN_VARIANCE, Component, fit_component
from labloop.surrogates.numerics.kernels import (
    Hyper,
    Kernel,
    build_kernel,
    cross,
    distances,
    profile_and_slope,
)
from labloop.surrogates.numerics.leading_modes import CurveModes, curve_modes
from labloop.surrogates.numerics.levenberg_marquardt import (
    LIMIT,
    Minimum,
    ValueAndSlope,
    least_squares,
)
from labloop.surrogates.numerics.marginal_likelihood import REFUSED, evidence
from labloop.surrogates.numerics.stability import best_apart, continued, rival_of

__all__ = [
    "LIMIT",
    "MEAN_VARIANCE",
    "REFUSED",
    "Component",
    "CurveModes",
    "Hyper",
    "Kernel",
    "Linearised",
    "Minimum",
    "ValueAndSlope",
    "best_apart",
    "build_kernel",
    "continued",
    "cross",
    "curve_modes",
    "distances",
    "evidence",
    "fit_component",
    "fit_discrepancy",
    "least_squares",
    "leave_one_out",
    "one_step_ahead",
    "profile_and_slope",
    "rival_of",
]
