"""Other hyper-parameters that the results allow, beside the most probable ones.

Intervals of the most probable hyper-parameters alone are too narrow: few results leave
lengthscales and noise open. Of up to sixty results these are drawn from their posterior, by an
ensemble of walkers (the stretch move of Goodman & Weare, Comm. App. Math. Comp. Sci. 5 (2010) 65)
that begin far apart. More results leave little open: there a normal approximation around the most
probable ones (Laplace; MacKay 1999) does.
"""

import math

import numpy as np

from labloop.records import FloatArray
from labloop.surrogates.numerics.gp_fit import (
    MEAN_VARIANCE,
    FittedGP,
    LogPosterior,
    bounds_of,
    condition_gp,
)
from labloop.surrogates.numerics.kernels import profile_and_derivative

_SAMPLED = 60
"""Up to so many results the posterior is sampled; a step costs their cube."""
_WALKERS, _MOVES, _STRETCH = 32, 16, 2.0
_APART, _APART_AT = 0.5, 10.0
"""Where the walkers begin: so many standard deviations of the prior around the most probable, for
ten results; of more by their root nearer, so that few moves bring them to the posterior."""
_STEP = 1e-3
_FLATTEST = 0.15
"""Least curvature of the log posterior along a direction: no wider than the priors are."""
_SEED = 7


def plausible_gps(fitted: FittedGP, count: int) -> list[FittedGP]:
    """Return ``count`` GPs with hyper-parameters drawn from the posterior, the same for one fit.

    None where a fit knows no other hyper-parameters than its own.
    """
    problem = fitted.problem
    if problem is None:
        return []
    hyper = fitted.hyper
    centre: FloatArray = np.log(
        np.concatenate([hyper.lengthscales, hyper.weights, np.array([hyper.noise])])
    )
    random = np.random.default_rng(_SEED)
    few = len(problem.y) <= _SAMPLED
    drawn = _walked(problem, centre, random) if few else _around(problem, centre, count, random)
    drawn = drawn[np.linspace(0, len(drawn) - 1, count).round().astype(int)]
    return [
        condition_gp(problem, theta, -d)
        for theta, d in zip(drawn, _density(problem, drawn), strict=True)
    ]


def _walked(problem: LogPosterior, centre: FloatArray, random: np.random.Generator) -> FloatArray:
    """Return where the walkers end, one set of logarithms of hyper-parameters a row."""
    _, spread = problem.prior
    size = len(centre)
    count = max(_WALKERS, 2 * size + 2)
    low, high = np.array(bounds_of(problem.kernel)).T
    apart = _APART * math.sqrt(_APART_AT / len(problem.y))
    theta = np.clip(centre + apart * spread * random.standard_normal((count, size)), low, high)
    density = _density(problem, theta)
    for _ in range(_MOVES):
        for first in (0, 1):
            # One half moves along lines through members of the other.
            mine = np.arange(first, count, 2)
            other = random.choice(np.arange(1 - first, count, 2), len(mine))
            stretch = ((_STRETCH - 1.0) * random.random(len(mine)) + 1.0) ** 2 / _STRETCH
            tried = theta[other] + stretch[:, None] * (theta[mine] - theta[other])
            inside = ((tried >= low) & (tried <= high)).all(1)
            reached = _density(problem, np.clip(tried, low, high))
            gain = (size - 1) * np.log(stretch) + reached - density[mine]
            taken = inside & (np.log(random.random(len(mine))) < gain)
            theta[mine[taken]], density[mine[taken]] = tried[taken], reached[taken]
    return theta


def _density(problem: LogPosterior, theta: FloatArray) -> FloatArray:
    """Return the log posterior of ``T`` sets of logarithms of hyper-parameters, up to a constant.

    As a density of the logarithms, so without the Jacobian term of ``LogPosterior.objective``.
    """
    groups = len(problem.kernel.groups)
    inverse, weights = np.exp(-2.0 * theta[:, :groups]), np.exp(theta[:, groups:-1])
    total = np.full((len(theta), *problem.square.shape[1:]), MEAN_VARIANCE)
    for part, weight in zip(problem.kernel.parts, weights.T, strict=True):
        picked = list(part)
        scaled = np.tensordot(inverse[:, picked], problem.square[picked], axes=1)
        total += weight[:, None, None] * profile_and_derivative(problem.kernel.profile, scaled)[0]
    each = np.arange(len(problem.y))
    total[:, each, each] += np.exp(theta[:, -1:]) + problem.known
    root = np.linalg.cholesky(total)
    white = np.linalg.solve(root, np.broadcast_to(problem.y[:, None], (len(theta), len(each), 1)))
    centre, spread = problem.prior
    # Half way between the most probable logarithm and the most probable lengthscale; both ends
    # hold as much of what is measured, the longer ones with a worse log score.
    centre = centre - 0.5 * spread**2 * (np.arange(len(centre)) < groups)
    found: FloatArray = (
        -0.5 * np.square(white).sum((1, 2))
        - np.log(root[:, each, each]).sum(1)
        - 0.5 * np.square((theta - centre) / spread).sum(1)
    )
    return found


def _around(
    problem: LogPosterior, centre: FloatArray, count: int, random: np.random.Generator
) -> FloatArray:
    """Return draws of the normal approximation, one set of logarithms a row."""
    sizes, directions = np.linalg.eigh(_curvature(problem, centre))
    drawn = random.standard_normal((count, len(centre)))
    moves = (drawn / np.sqrt(np.maximum(sizes, _FLATTEST))) @ directions.T
    low, high = np.array(bounds_of(problem.kernel)).T
    drawn_near: FloatArray = np.clip(centre + moves, low, high)
    return drawn_near


def _curvature(problem: LogPosterior, theta: FloatArray) -> FloatArray:
    """Return the Hessian of minus the log posterior, by differences of its gradient."""
    steps = _STEP * np.eye(len(theta))
    rows = [problem.objective(theta + s)[1] - problem.objective(theta - s)[1] for s in steps]
    found = np.array(rows) / (2.0 * _STEP)
    curvature: FloatArray = (found + found.T) / 2.0
    return curvature
