"""Other hyper-parameters that the results allow, around the most probable ones.

Intervals of the most probable hyper-parameters alone are too narrow: few results leave
lengthscales and noise open. A normal approximation of their posterior (Laplace; MacKay 1999) gives
others, and the spread of what these predict belongs to the interval.
"""

import numpy as np

from labloop.records import FloatArray
from labloop.surrogates.numerics.gp_fit import FittedGP, LogPosterior, bounds_of, condition_gp

_STEP = 1e-3
_FLATTEST = 0.15
"""Least curvature of the log posterior along a direction: no wider than the priors are."""
_SEED = 7


def plausible_gps(fitted: FittedGP, count: int) -> list[FittedGP]:
    """Return ``count`` GPs with hyper-parameters drawn around those of ``fitted``, or fewer.

    The same ones for the same fit. A draw whose covariance is not positive definite is left out.
    """
    problem = fitted.problem
    if problem is None:
        return []
    hyper = fitted.hyper
    centre: FloatArray = np.log(
        np.concatenate([hyper.lengthscales, hyper.weights, np.array([hyper.noise])])
    )
    sizes, directions = np.linalg.eigh(_curvature(problem, centre))
    drawn = np.random.default_rng(_SEED).standard_normal((count, len(centre)))
    moves = (drawn / np.sqrt(np.maximum(sizes, _FLATTEST))) @ directions.T
    low, high = np.array(bounds_of(problem.kernel)).T
    made = []
    for theta in np.clip(centre + moves, low, high):
        try:
            made.append(condition_gp(problem, theta, problem.objective(theta)[0]))
        except np.linalg.LinAlgError:
            continue
    return made


def _curvature(problem: LogPosterior, theta: FloatArray) -> FloatArray:
    """Return the Hessian of minus the log posterior, by differences of its gradient."""
    steps = _STEP * np.eye(len(theta))
    rows = [problem.objective(theta + s)[1] - problem.objective(theta - s)[1] for s in steps]
    found = np.array(rows) / (2.0 * _STEP)
    curvature: FloatArray = (found + found.T) / 2.0
    return curvature
