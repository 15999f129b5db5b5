"""Maximum a posteriori hyper-parameters of varying parameters, in NumPy.

Where the physics is linearised the evidence is a normal density with a closed-form gradient
(Laplace's approximation; Rasmussen & Williams, Gaussian Processes for Machine Learning, 3.4).
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import minimize

from labloop.records import FloatArray
from labloop.surrogates.numerics import (
    NOT_POSITIVE_DEFINITE,
    Kernel,
    evidence,
    profile_and_derivative,
    squared_distances,
)

_LENGTH_SHIFT, _LENGTH_SD = -1.0, 1.2
_RHO = (math.log(0.4), 0.8)
_NOISE = (math.log(0.05), 0.7)
_TAU = (math.log(0.08), 0.8)
_BOUNDS_LENGTH = (math.log(0.05), math.log(300.0))
_BOUNDS_SIZE = (math.log(1e-3), math.log(5.0))
_BOUNDS_NOISE = (math.log(1e-3), math.log(2.0))


@dataclass(frozen=True, slots=True)
class VaryingHyperparameters:
    """Sizes and lengthscales of the parameters' variation, of the GPs beside, and of noise."""

    lengthscales: FloatArray
    """A group of columns each."""
    rho: FloatArray
    """``p``: standard deviation of each whitened parameter's variation."""
    noise: FloatArray
    """``C``: standard deviation of one measurement, in standard deviations of the channel."""
    tau: FloatArray
    """``C``: standard deviation of the GP beside the physics, in the same unit."""


@dataclass(frozen=True)
class VaryingLogPosterior:
    """The log posterior of the hyper-parameters; measurements in sds of their channels."""

    kernel: Kernel
    square: FloatArray
    """``G x n x n`` squared distances by group."""
    jacobian: FloatArray
    """``C x n x p``"""
    start: FloatArray
    """``C x n``: measured less physics, plus Jacobian times parameters."""
    known: FloatArray
    """``C x n`` known variances."""

    @cached_property
    def centre_and_spread(self) -> tuple[FloatArray, FloatArray]:
        """The normal priors of the logarithms: lengthscales, rho, noise, tau."""
        groups, (channels, _, count) = len(self.kernel.groups), self.jacobian.shape
        centre = [self.kernel.log_scale + _LENGTH_SHIFT] * groups
        spread = [_LENGTH_SD] * groups
        for (middle, width), times in ((_RHO, count), (_NOISE, channels), (_TAU, channels)):
            centre += [middle] * times
            spread += [width] * times
        return np.array(centre), np.array(spread)

    def split(self, theta: FloatArray) -> VaryingHyperparameters:
        """Return the hyper-parameters of their logarithms."""
        groups, (channels, _, count) = len(self.kernel.groups), self.jacobian.shape
        parts = np.split(np.exp(theta), np.cumsum([groups, count, channels]))
        return VaryingHyperparameters(*parts)

    def join(self, hyper: VaryingHyperparameters) -> FloatArray:
        """Return the logarithms of hyper-parameters."""
        parts = [hyper.lengthscales, hyper.rho, hyper.noise, hyper.tau]
        found: FloatArray = np.log(np.concatenate(parts))
        return found

    def loss(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return the negative log posterior and its gradient."""
        hyper = self.split(theta)
        inverse = hyper.lengthscales**-2.0
        shape, shape_slope = profile_and_derivative(
            self.kernel.profile, np.tensordot(inverse, self.square, axes=1)
        )
        joint = _covariance(self, hyper, shape)
        found = evidence(joint, self.start.reshape(-1))
        if found is None:
            return NOT_POSITIVE_DEFINITE, np.zeros_like(theta)
        loss, outer = found
        centre, spread = self.centre_and_spread
        away = (theta - centre) / spread
        gradient = -0.5 * self._gradient(hyper, shape, shape_slope, outer)
        return loss + 0.5 * float(away @ away), gradient + away / spread

    def _gradient(
        self,
        hyper: VaryingHyperparameters,
        shape: FloatArray,
        shape_slope: FloatArray,
        outer: FloatArray,
    ) -> FloatArray:
        """Return ``outer`` times the covariance's derivatives by the log hyper-parameters."""
        channels, n, _ = self.jacobian.shape
        blocks = outer.reshape(channels, n, channels, n)
        # J' outer J over both channels; the larger half is one matrix product.
        half = self.jacobian.transpose(1, 2, 0) @ blocks.transpose(1, 0, 2, 3).reshape(
            n, channels, -1
        )
        by_rho = np.einsum("ajeb,ebj->jab", half.reshape(n, -1, channels, n), self.jacobian)
        own = blocks[np.arange(channels), :, np.arange(channels), :]
        rho2, tau2 = hyper.rho**2, hyper.tau**2
        total = np.tensordot(rho2, by_rho, axes=1) + np.tensordot(tau2, own, axes=1)
        inverse = hyper.lengthscales**-2.0
        weighted = (total * shape_slope).reshape(-1)
        lengths = -2.0 * inverse * (self.square.reshape(len(inverse), -1) @ weighted)
        rho = 2.0 * rho2 * np.tensordot(by_rho, shape, axes=2)
        noise = 2.0 * hyper.noise**2 * np.trace(own, axis1=1, axis2=2)
        tau = 2.0 * tau2 * np.tensordot(own, shape, axes=2)
        return np.concatenate([lengths, rho, noise, tau])


def _covariance(
    problem: VaryingLogPosterior, hyper: VaryingHyperparameters, shape: FloatArray
) -> FloatArray:
    channels, n, count = problem.jacobian.shape
    flat = problem.jacobian.reshape(channels * n, count)
    joint = (flat * hyper.rho**2) @ flat.T
    joint = (joint.reshape(channels, n, channels, n) * shape[:, None, :]).reshape(joint.shape)
    joint += flat @ flat.T
    blocks = joint.reshape(channels, n, channels, n)
    for c in range(channels):
        blocks[c, :, c, :] += hyper.tau[c] ** 2 * shape
        blocks[c, :, c, :] += np.diag(hyper.noise[c] ** 2 + problem.known[c])
    return joint


def varying_log_posterior(
    kernel: Kernel, x: FloatArray, jacobian: FloatArray, start: FloatArray, known: FloatArray
) -> VaryingLogPosterior:
    """Return the problem over experiments at ``x`` (``n x d``)."""
    return VaryingLogPosterior(kernel, squared_distances(kernel, x), jacobian, start, known)


def fit_varying_hyperparameters(
    problem: VaryingLogPosterior, before: VaryingHyperparameters | None, iterations: int
) -> VaryingHyperparameters:
    """Return the most probable hyper-parameters, from those ``before`` or the priors' centre."""
    groups, (channels, _, count) = len(problem.kernel.groups), problem.jacobian.shape
    sizes = [_BOUNDS_SIZE] * count + [_BOUNDS_NOISE] * channels + [_BOUNDS_SIZE] * channels
    bounds = np.array([_BOUNDS_LENGTH] * groups + sizes)
    start = problem.centre_and_spread[0] if before is None else problem.join(before)
    found = minimize(
        problem.loss,
        np.clip(start, *bounds.T),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": iterations, "ftol": 1e-5, "gtol": 1e-3},
    )
    return problem.split(np.asarray(found.x, dtype=np.float64))
