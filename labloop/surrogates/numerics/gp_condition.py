"""Many results under hyper-parameters that are known: one factor, and what results say of others.

Hyper-parameters are learned from some hundred results as well as from thousands; a prediction gains
from each result near it. So a process of many results is fitted to some and conditioned on more.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dtrtri

from labloop.records import FloatArray
from labloop.surrogates.numerics.gp_fit import MEAN_VARIANCE, FittedGP
from labloop.surrogates.numerics.kernels import cross_covariance

_JITTER = 1e-10


def condition_on(fitted: FittedGP, x: FloatArray, y: FloatArray, known: FloatArray) -> FittedGP:
    """Return a process with the hyper-parameters of ``fitted``, conditioned on other results.

    Nothing of the size ``groups x n x n`` is held. No other hyper-parameters can be asked for.

    Args:
        fitted: has kernel and hyper-parameters.
        x: ``n x d`` in the unit cube.
        y: ``n`` standardised outputs.
        known: ``n`` variances of the measurements, standardised.

    Raises:
        numpy.linalg.LinAlgError: the covariance is not positive definite.
    """
    rows = torch.from_numpy(x)
    covariance = cross_covariance(fitted.kernel, fitted.hyper, rows, rows).numpy() + MEAN_VARIANCE
    covariance[np.diag_indices_from(covariance)] += fitted.hyper.noise + known + _JITTER
    root, failed = dpotrf(covariance, lower=1, clean=1)
    if failed:
        raise np.linalg.LinAlgError("the covariance of the results is not positive definite")
    half, _ = dtrtri(root, lower=1)
    alpha = half.T @ (half @ y)
    diagonal = np.einsum("ij,ij->j", half, half)
    return FittedGP(
        kernel=fitted.kernel,
        hyper=fitted.hyper,
        inverse_root=np.ascontiguousarray(half),
        alpha=alpha,
        loo_mean=y - alpha / diagonal,
        loo_sd=1.0 / np.sqrt(diagonal),
        log_posterior=fitted.log_posterior,
    )


def foretold_without(
    fitted: FittedGP, y: FloatArray, left: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Return leave-one-out mean and sd (``n`` each) where some results are left out altogether.

    In closed form from the factor that has them (block inverse): a result that is left out is
    foretold by all that are not.

    Args:
        fitted: conditioned on all of them.
        y: ``n`` standardised outputs.
        left: ``n`` booleans, which are left out.
    """
    if not left.any():
        return fitted.loo_mean, fitted.loo_sd
    half = fitted.inverse_root
    columns = half.T @ half[:, left]
    inside = np.linalg.inv(columns[left])
    alpha = fitted.alpha - columns @ (inside @ fitted.alpha[left])
    diagonal = fitted.loo_sd**-2 - np.einsum("ij,jk,ik->i", columns, inside, columns)
    diagonal[left] = 1.0
    mean, sd = y - alpha / diagonal, 1.0 / np.sqrt(diagonal)
    mean[left] = y[left] - inside @ fitted.alpha[left]
    sd[left] = np.sqrt(np.diag(inside))
    return mean, sd
