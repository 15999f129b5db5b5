"""Maximum a posteriori hyper-parameters of one exact Gaussian process, in NumPy.

For up to a few hundred experiments nine tenths of a GPyTorch fit are overhead of Python; one
closed-form gradient an iteration takes milliseconds. The priors are those of BoTorch, with
lengthscales scaled by the dimension (Hvarfner et al., ICML 2024).
"""

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import minimize

from labloop.records import FloatArray
from labloop.surrogates.numerics.kernels import (
    ColumnGroup,
    Hyperparameters,
    Kernel,
    profile_and_derivative,
    squared_distances,
)
from labloop.surrogates.numerics.marginal_likelihood import NOT_POSITIVE_DEFINITE, evidence

MEAN_VARIANCE = 1.0
"""Prior variance of the constant mean, in units of the standardised output."""
# Mean and sd of normal priors on logarithms; lengthscales relative to ``Kernel.log_scale``.
_LENGTH = (0.0, math.sqrt(3.0))
_LENGTH_DESCRIBED = (-1.6, 0.65)
"""Shorter and without the long tail: a few results must not declare a category irrelevant whose
values the descriptors already tell apart."""
_WEIGHT = (0.0, 0.5)
LITTLE_NOISE, NOISE = (-4.0, 1.0), (-2.5, 1.5)
"""Of the log variance: BoTorch's, and one by which noise is not taken for hills."""
HARDLY_ANY_NOISE = (-6.0, 2.0)
"""For what is to be known closely, as an edge is: a few results can show that there is none."""
_BOUNDS_LENGTH = (math.log(0.02), math.log(300.0))
_BOUNDS_WEIGHT = (-8.0, 8.0)
_BOUNDS_NOISE = (math.log(1e-6), math.log(2.0))


@dataclass(frozen=True, slots=True)
class FittedGP:
    """A Gaussian process of one standardised output, conditioned on its measurements."""

    kernel: Kernel
    hyper: Hyperparameters
    inverse_root: FloatArray
    """``n x n``, the inverse of the lower Cholesky factor of the covariance of the data."""
    alpha: FloatArray
    loo_mean: FloatArray
    loo_sd: FloatArray
    """Leave-one-out predictive mean and sd of each measurement, noise included."""
    log_posterior: float
    problem: "LogPosterior | None" = field(default=None, repr=False)
    """What was maximised, where other hyper-parameters may be asked for."""


@dataclass(frozen=True)
class LogPosterior:
    """Minus the log posterior of a GP's hyper-parameters, and its gradient."""

    kernel: Kernel
    square: FloatArray
    y: FloatArray
    known: FloatArray
    noise: tuple[float, float] = LITTLE_NOISE

    @cached_property
    def prior(self) -> tuple[FloatArray, FloatArray]:
        """Mean and sd of the priors of logarithms."""
        return prior_of(self.kernel, self.noise)

    @cached_property
    def _normal(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Mean and sd of the priors of logarithms, and the Jacobian term of log-normal ones."""
        groups, parts = len(self.kernel.groups), len(self.kernel.parts)
        tilt = np.concatenate([np.ones(groups), np.zeros(parts), [1.0]])
        return *self.prior, tilt

    def split(self, theta: FloatArray) -> tuple[FloatArray, FloatArray, float]:
        """Return squared inverse lengthscales, weights and noise variance."""
        groups = len(self.kernel.groups)
        return np.exp(-2.0 * theta[:groups]), np.exp(theta[groups:-1]), math.exp(theta[-1])

    def covariance(
        self, theta: FloatArray
    ) -> tuple[FloatArray, list[FloatArray], list[FloatArray]]:
        """Return the covariance of the data, and value and derivative of each part."""
        inverse, weights, noise = self.split(theta)
        values, slopes = [], []
        total = np.full((len(self.y), len(self.y)), MEAN_VARIANCE)
        for part, weight in zip(self.kernel.parts, weights, strict=True):
            picked = list(part)
            scaled = np.tensordot(inverse[picked], self.square[picked], axes=1)
            value, slope = profile_and_derivative(self.kernel.profile, scaled)
            values.append(value)
            slopes.append(slope)
            total += weight * value
        total[np.diag_indices_from(total)] += noise + self.known
        return total, values, slopes

    def objective(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return the negative log posterior and its gradient."""
        total, values, slopes = self.covariance(theta)
        found = evidence(total, self.y)
        if found is None:
            return NOT_POSITIVE_DEFINITE, np.zeros_like(theta)
        loss, outer = found
        gradient = -0.5 * self._gradient(theta, outer, values, slopes)
        prior, prior_gradient = self._prior(theta)
        return loss - prior, gradient - prior_gradient

    def _gradient(
        self,
        theta: FloatArray,
        outer: FloatArray,
        values: list[FloatArray],
        slopes: list[FloatArray],
    ) -> FloatArray:
        inverse, weights, noise = self.split(theta)
        groups = len(self.kernel.groups)
        gradient = np.zeros_like(theta)
        size = len(self.y) ** 2
        for p, (part, weight) in enumerate(zip(self.kernel.parts, weights, strict=True)):
            slope = (outer * slopes[p]).reshape(size)
            for g in part:
                gradient[g] = -2.0 * weight * inverse[g] * (slope @ self.square[g].reshape(size))
            gradient[groups + p] = weight * float((outer * values[p]).sum())
        gradient[-1] = noise * float(np.trace(outer))
        return gradient

    def _prior(self, theta: FloatArray) -> tuple[float, FloatArray]:
        centre, spread, tilt = self._normal
        away = (theta - centre) / spread
        return float(-0.5 * away @ away - tilt @ theta), -away / spread - tilt


def prior_of(
    kernel: Kernel, noise: tuple[float, float] = LITTLE_NOISE
) -> tuple[FloatArray, FloatArray]:
    """Return centre and sd of the priors of log lengthscales, log weights and log noise."""
    parts = len(kernel.parts)
    lengths = [_of_length(kernel, group) for group in kernel.groups]
    weight = _smooth(kernel.smooth, 1.0) if kernel.smooth else _WEIGHT
    shift = math.log(parts)
    centre = [c for c, _ in lengths] + [weight[0] - shift] * parts
    spread = [s for _, s in lengths] + [weight[1]] * parts
    return np.array([*centre, noise[0]]), np.array([*spread, noise[1]])


def _of_length(kernel: Kernel, group: ColumnGroup) -> tuple[float, float]:
    if group.smooth:
        return _smooth(kernel.smooth, 2.0)
    centre, spread = _LENGTH_DESCRIBED if group.described else _LENGTH
    return kernel.log_scale + centre, spread


def _smooth(length: float, rate: float) -> tuple[float, float]:
    """Return centre and sd of the logarithm of a gamma distribution of mean ``length``."""
    return math.log(length), 1.0 / math.sqrt(rate * length)


def bounds_of(kernel: Kernel) -> list[tuple[float, float]]:
    """Return the least and greatest value of each logarithm of a hyper-parameter."""
    lengths = [_BOUNDS_LENGTH] * len(kernel.groups)
    return [*lengths, *[_BOUNDS_WEIGHT] * len(kernel.parts), _BOUNDS_NOISE]


def fit_gp(
    kernel: Kernel,
    x: FloatArray,
    y: FloatArray,
    known: FloatArray,
    noise: tuple[float, float] = LITTLE_NOISE,
) -> FittedGP:
    """Return the GP of ``kernel`` with the most probable hyper-parameters.

    Args:
        kernel: the shape of the covariance.
        x: ``n x d`` in the unit cube.
        y: ``n`` standardised outputs.
        known: ``n`` variances of the measurements, standardised; zero where unknown.
        noise: mean and sd of the normal prior of the logarithm of the noise variance.
    """
    problem = LogPosterior(kernel, squared_distances(kernel, x), y, known, noise)
    groups, bounds = len(kernel.groups), bounds_of(kernel)
    best, best_loss = np.empty(0), math.inf
    centre, _ = prior_of(kernel, noise)
    for shift in (-1.5, 0.0):
        start = centre + shift * (np.arange(len(centre)) < groups)
        found = minimize(
            problem.objective,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 60, "ftol": 1e-6, "gtol": 1e-4},
        )
        if float(found.fun) < best_loss or not len(best):
            best, best_loss = np.asarray(found.x, dtype=np.float64), float(found.fun)
    return condition_gp(problem, best, best_loss)


def condition_gp(problem: LogPosterior, theta: FloatArray, loss: float) -> FittedGP:
    """Return the GP at given hyper-parameters."""
    total, _, _ = problem.covariance(theta)
    _, weights, noise = problem.split(theta)
    root = np.linalg.cholesky(total + 1e-10 * np.eye(len(total)))
    half = solve_triangular(root, np.eye(len(root)), lower=True, check_finite=False)
    precision = half.T @ half
    alpha = precision @ problem.y
    diagonal = np.diag(precision)
    return FittedGP(
        kernel=problem.kernel,
        hyper=Hyperparameters(np.exp(theta[: len(problem.kernel.groups)]), weights, noise),
        inverse_root=half,
        alpha=alpha,
        loo_mean=problem.y - alpha / diagonal,
        loo_sd=1.0 / np.sqrt(diagonal),
        log_posterior=-loss,
        problem=problem,
    )
