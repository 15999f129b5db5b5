"""The density of measurements under a normal prior, and how it changes with the covariance."""

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri

from labloop.records import FloatArray

NOT_POSITIVE_DEFINITE = 1e10
"""The loss of a covariance that is not positive definite."""


def evidence(covariance: FloatArray, values: FloatArray) -> tuple[float, FloatArray] | None:
    """Return minus the log density of ``values`` and its slope, None where there is none.

    LAPACK is called by itself: around matrices of 30 x 30 the wrappers cost more than it does.

    Args:
        covariance: ``n x n`` of the values, which have mean zero.
        values: ``n``.

    Returns:
        The loss without its constant, and ``alpha alpha' - K^-1`` (``n x n``, symmetric): minus
        half its inner product with the slope of K is the slope of the loss.
    """
    root, failed = dpotrf(covariance, lower=1, clean=1)
    if failed:
        return None
    half, _ = dpotri(root, lower=1)
    precision = half + half.T
    diagonal = np.arange(len(root))
    precision[diagonal, diagonal] *= 0.5
    alpha = precision @ values
    loss = 0.5 * float(values @ alpha) + float(np.log(root[diagonal, diagonal]).sum())
    return loss, np.multiply.outer(alpha, alpha) - precision
