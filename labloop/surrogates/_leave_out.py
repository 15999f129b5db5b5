"""Leave-one-experiment-out and one-step-ahead predictions of a Gaussian model, in closed form."""

import torch
from torch import Tensor


def leave_one_out(joint: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
    """Return how far every experiment lies from what all others say, and how far it may.

    All channels of the experiment are left out together (Sundararajan and Keerthi, Neural
    Computation 13 (2001) 1103, by blocks).

    Args:
        joint: ``C x n x C x n`` covariance of the measurements, noise included.
        start: ``C x n`` measurements less their prior mean.

    Returns:
        Measured less predicted, and the variance of it, both ``n x C``.
    """
    count, n = start.shape
    root = torch.linalg.cholesky(joint.reshape(count * n, count * n))
    inverse = torch.cholesky_inverse(root)
    solved = (inverse @ start.flatten()).view(count, n).T
    every = torch.arange(n)
    spread = torch.linalg.inv(inverse.view(count, n, count, n)[:, every, :, every])
    off = (spread @ solved.unsqueeze(-1)).squeeze(-1)
    return off, torch.diagonal(spread, dim1=-2, dim2=-1)


def one_step_ahead(joint: Tensor, start: Tensor) -> Tensor:
    """Return ``n x C`` whitened surprises: each experiment given those before it.

    With the hyper-parameters of the end, so it tells where a model begins to fail rather than
    what it would have said then. Arguments as of :func:`leave_one_out`.
    """
    count, n = start.shape
    by_experiment = joint.permute(1, 0, 3, 2).reshape(count * n, count * n)
    root = torch.linalg.cholesky(by_experiment)
    white: Tensor = torch.linalg.solve_triangular(root, start.T.reshape(-1, 1), upper=False)
    return white.view(n, count)
