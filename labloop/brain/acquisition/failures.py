"""Where experiments fail: learned from those that did."""

from collections.abc import Callable

import torch
from torch import Tensor

_WIDTHS = (0.1, 0.2, 0.4, 0.8)
_NOISE = 0.1
_LEAST = 0.01


def chance_of_success(done: Tensor, failed: Tensor) -> Callable[[Tensor], Tensor]:
    """Return the log probability (``b x d`` -> ``b``) that an experiment yields a result.

    Least-squares classification (Rasmussen and Williams 2006, 6.5): a Gaussian process on 1
    (worked) and 0 (failed) around the share that worked, its width the one that best predicts
    every experiment from the others. Never below 0.01, so that no region is closed for good.

    Args:
        done: ``n x d`` encoded points of experiments that worked.
        failed: ``f x d`` encoded points of those that failed, at least one.
    """
    rows = torch.cat([done, failed])
    worked = torch.cat([torch.ones(len(done)), torch.zeros(len(failed))]).to(rows)
    share = float(worked.sum() + 1.0) / (len(rows) + 2.0)
    fits = [_fit(rows, worked - share, width * rows.shape[1] ** 0.5) for width in _WIDTHS]
    _, width, alpha = min(fits, key=lambda fit: fit[0])

    def log_chance(x: Tensor) -> Tensor:
        chance = share + _covariance(x, rows, width) @ alpha
        return chance.clamp(_LEAST, 1.0).log()

    return log_chance


def _covariance(a: Tensor, b: Tensor, width: float) -> Tensor:
    square = (a.unsqueeze(-2) - b.unsqueeze(-3)).square().sum(-1)
    return torch.exp(-0.5 * square / width**2)


def _fit(rows: Tensor, centred: Tensor, width: float) -> tuple[float, float, Tensor]:
    """Return squared leave-one-out error, width and weights of the process."""
    noise = _NOISE * torch.eye(len(rows), dtype=rows.dtype)
    precision = torch.linalg.inv(_covariance(rows, rows, width) + noise)
    alpha = precision @ centred
    return float((alpha / precision.diagonal()).square().sum()), width, alpha
