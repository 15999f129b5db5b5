"""The log evidence of a Gaussian process, and its derivative by the covariance.

Rasmussen & Williams, Gaussian Processes for Machine Learning, equations 2.30 and 5.9.
"""

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotri

from labloop.records import FloatArray

NOT_POSITIVE_DEFINITE = 1e10
"""The loss of a covariance that is not positive definite."""


def evidence(covariance: FloatArray, values: FloatArray) -> tuple[float, FloatArray] | None:
    """Return the negative log evidence and its derivative; None where K is not positive definite.

    LAPACK is called directly: at 30 x 30 the wrappers take longer than the algebra.

    Args:
        covariance: ``n x n`` of the values, which have mean zero.
        values: ``n``.

    Returns:
        The loss without its constant, and ``alpha alpha' - K^-1`` (``n x n``, symmetric): minus
        half its inner product with the derivative of K is the derivative of the loss.
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
