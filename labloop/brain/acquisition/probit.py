"""A latent Gaussian process behind labels that are one of two, by expectation propagation."""

from dataclasses import dataclass

import numpy as np

from labloop.records import FloatArray

_SWEEPS, _DAMPING, _STILL = 40, 0.8, 1e-3
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class LatentPosterior:
    """What ``n`` labels say of a latent process ``f`` of zero mean.

    Given covariances ``k`` (``b x n``) with the labelled points and prior variances ``v``
    (``b``), the latent value has the mean ``k @ alpha`` and the variance
    ``v - ((k @ half.T) ** 2).sum(1)``.
    """

    alpha: FloatArray
    """``n``."""
    half: FloatArray
    """``n x n``."""


def latent_posterior(covariance: FloatArray, labels: FloatArray) -> LatentPosterior:
    """Return the posterior of a latent process of which the sign was seen, with unit noise.

    Expectation propagation (Minka 2001; Rasmussen and Williams 2006, 3.6), all sites at once
    and damped. Its chances are near to those of long Markov chains, where Laplace's
    approximation is too unsure (Kuss and Rasmussen 2005).

    Args:
        covariance: ``n x n`` prior covariance of the latent values.
        labels: ``n``, 1 or -1.
    """
    precision, shift = np.zeros(len(labels)), np.zeros(len(labels))
    for _ in range(_SWEEPS):
        mean, spread, _ = _marginals(covariance, precision, shift)
        cavity = np.maximum(1.0 / spread - precision, _LEAST)
        pull = mean / spread - shift
        new_mean, new_variance = _moments(pull / cavity, 1.0 / cavity, labels)
        wanted = np.maximum(1.0 / new_variance - cavity, _LEAST)
        change = wanted - precision
        shift = shift + _DAMPING * (new_mean / new_variance - pull - shift)
        precision = precision + _DAMPING * change
        if float(np.abs(change).max()) < _STILL * float(precision.max()):
            break
    _, _, half = _marginals(covariance, precision, shift)
    return LatentPosterior(shift - half.T @ (half @ (covariance @ shift)), half)


def _marginals(
    covariance: FloatArray, precision: FloatArray, shift: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return means and variances of the latent values, and ``half`` of a posterior."""
    root = np.sqrt(precision)
    inner = np.eye(len(root)) + root[:, None] * covariance * root[None, :]
    half = np.linalg.solve(np.linalg.cholesky(inner), np.diag(root))
    lessened = half @ covariance
    spread = np.maximum(np.diag(covariance) - (lessened**2).sum(0), _LEAST)
    return covariance @ shift - lessened.T @ (lessened @ shift), spread, half


def _moments(
    mean: FloatArray, variance: FloatArray, labels: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of latent values once their labels are known."""
    from scipy.special import log_ndtr  # noqa: PLC0415 - only where an experiment failed

    wide = np.sqrt(1.0 + variance)
    score = labels * mean / wide
    ratio = np.exp(-0.5 * score**2 - 0.5 * np.log(2.0 * np.pi) - log_ndtr(score))
    less = variance**2 * ratio * (score + ratio) / wide**2
    return mean + labels * variance * ratio / wide, np.maximum(variance - less, _LEAST)
