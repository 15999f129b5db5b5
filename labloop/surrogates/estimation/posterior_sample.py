"""A weighted sample of the parameters' posterior, for intervals where the model is not linear.

Population Monte Carlo (Cappe, Guillin, Marin & Robert, J. Comput. Graph. Stat. 13 (2004) 907):
draws from a Student distribution around the best fit, weighted by posterior over proposal, and
again from one that has the mean and covariance of the draws so far.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

_ROUNDS, _DRAWS = 6, 400
_TAIL = 4.0
"""Degrees of freedom of the proposal: its tails are heavier than the posterior's."""
_PRIOR_SHARE = 0.1
"""Share of the draws that come from the prior, so that nothing it allows is missed."""
_WIDE_SHARE, _WIDER = 0.3, 4.0
"""Share of the draws from a proposal so many times as wide: few measurements leave heavy tails."""
_ENOUGH = 60.0


@dataclass(frozen=True, slots=True)
class PosteriorSample:
    """Whitened parameters with weights that add up to one."""

    z: Tensor
    """``S x p``"""
    weight: Tensor
    """``S``"""

    @property
    def effective(self) -> float:
        """How many independent draws it is worth (Kish)."""
        return float(1.0 / self.weight.square().sum())

    @property
    def mean(self) -> Tensor:
        """Mean of the parameters, ``p``."""
        return self.weight @ self.z

    @property
    def covariance(self) -> Tensor:
        """Covariance of the parameters, ``p x p``."""
        away = self.z - self.mean
        covariance: Tensor = (self.weight[:, None] * away).T @ away
        return covariance

    def quantile(self, column: int, share: float) -> float:
        """Return where ``share`` of the weight of one parameter lies below."""
        order = self.z[:, column].argsort(stable=True)
        below = self.weight[order].cumsum(0)
        place = int(torch.searchsorted(below, share).clamp_max(len(order) - 1))
        return float(self.z[order[place], column])


def sample_posterior(
    log_posterior: Callable[[Tensor], Tensor], centre: Tensor, covariance: Tensor, seed: int
) -> PosteriorSample | None:
    """Return a weighted sample; None where it is worth too few draws to be believed.

    Args:
        log_posterior: of whitened parameters ``B x p``, up to a constant; not finite where
            impossible.
        centre: the best fit, ``p``.
        covariance: of a normal distribution that is about right, ``p x p``.
        seed: of the draws.
    """
    generator = torch.Generator().manual_seed(seed % (1 << 62))
    kept: list[tuple[Tensor, Tensor, Tensor]] = []
    found = None
    for number in range(_ROUNDS):
        z, log_proposal = _draws(centre, covariance, generator)
        log_weight = torch.nan_to_num(log_posterior(z), nan=-torch.inf) - log_proposal
        # The first rounds find the place; from the middle on draws are kept.
        pool = [(z, log_weight, log_proposal)] if number < _ROUNDS // 2 else kept
        if number >= _ROUNDS // 2:
            kept.append((z, log_weight, log_proposal))
        every, weights = (torch.cat([part[i] for part in pool]) for i in (0, 1))
        if not bool(torch.isfinite(weights).any()):
            return None
        found = PosteriorSample(every, torch.softmax(weights, 0))
        centre, covariance = found.mean, _safe(found.covariance, covariance, found.effective)
    return found if found is not None and found.effective >= _ENOUGH else None


def _safe(found: Tensor, before: Tensor, effective: float) -> Tensor:
    """Return the covariance of the next proposal: few draws change it little."""
    share = effective / (effective + 10.0 * len(found))
    return share * found + (1.0 - share) * before


def _draws(centre: Tensor, covariance: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return draws ``S x p`` and the log density with which they were drawn."""
    count = len(centre)
    eye = torch.eye(count, dtype=torch.float64)
    root = torch.linalg.cholesky(covariance + 1e-10 * eye)
    normal = torch.randn(_DRAWS, count, generator=generator, dtype=torch.float64)
    # A chi square of four degrees of freedom is a sum of four squares.
    square = torch.randn(_DRAWS, int(_TAIL), generator=generator, dtype=torch.float64).square()
    away = (normal * (_TAIL / square.sum(-1, keepdim=True)).sqrt()) @ root.T
    from_prior, wide = (int(share * _DRAWS) for share in (_PRIOR_SHARE, _WIDE_SHARE))
    away[from_prior : from_prior + wide] *= _WIDER
    z = centre + away
    z[:from_prior] = normal[:from_prior]
    white = torch.linalg.solve_triangular(root, (z - centre).T, upper=False).square().sum(0)
    size = root.diagonal().log().sum()
    shares = (1.0 - _PRIOR_SHARE - _WIDE_SHARE, _WIDE_SHARE, _PRIOR_SHARE)
    densities = (
        _log_student(white, count) - size,
        _log_student(white / _WIDER**2, count) - size - count * math.log(_WIDER),
        -0.5 * z.square().sum(-1) - 0.5 * count * math.log(2 * math.pi),
    )
    mixed = [math.log(share) + part for share, part in zip(shares, densities, strict=True)]
    return z, torch.stack(mixed).logsumexp(0)


def _log_student(square: Tensor, count: int) -> Tensor:
    """Return the log density of Student's t at whitened squared distances."""
    return (
        math.lgamma((_TAIL + count) / 2)
        - math.lgamma(_TAIL / 2)
        - 0.5 * count * math.log(_TAIL * math.pi)
        - 0.5 * (_TAIL + count) * torch.log1p(square / _TAIL)
    )
