"""A small neural network of the inputs that shifts the parameters of a physics.

``z_j(x) = a_j + net_j(x)`` in the whitened space of the priors. Where a prior is a factor
("30 within a factor 3") that is exactly a rate constant times ``exp(net)``, so balances and
signs are kept: the network changes constants, never amounts (universal differential
equations; Rackauckas et al., arXiv 2001.04385).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.surrogates.numerics import LIMIT

HIDDEN = 8
_REACH, _REACH_SD = 0.4, 0.8
"""Prior median and log standard deviation of how far the network shifts a whitened parameter, one
factor for each parameter, log-normal as the size of varying parameters is."""
_CENTRE, _UNIT = 0.5, math.sqrt(12.0)


@dataclass(frozen=True, slots=True)
class Network:
    """The shape of a network: its weights are one flat vector with prior N(0, 1) each.

    Flat weights are the ``p`` constants ``a``, then ``p`` logarithms of reach, then
    ``H x (d + 1)`` of the hidden tanh layer, then ``p x H`` of the output layer. Zero weights
    give the physics at the priors' medians.
    """

    inputs: int
    """``d`` encoded columns."""
    parameters: int
    """``p`` of the physics."""
    hidden: int = HIDDEN

    @property
    def size(self) -> int:
        """How many weights there are, ``P``."""
        return self.parameters * (2 + self.hidden) + self.hidden * (self.inputs + 1)

    def z(self, weights: Tensor, encoded: Tensor) -> Tensor:
        """Return whitened parameters ``... x B x N x p`` within the limit.

        Args:
            weights: ``B x P``.
            encoded: ``... x N x d`` in the unit cube.
        """
        constant, _, inner, outer = self._split(weights)
        hidden = torch.tanh(self._seen(encoded).unsqueeze(-3) @ inner.transpose(-1, -2))
        moved = constant.unsqueeze(-2) + hidden @ outer.transpose(-1, -2)
        return moved.clamp(-LIMIT, LIMIT)

    def z_and_jacobian(self, weights: Tensor, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Return parameters ``B x n x p`` at ``n x d`` points, and Jacobian ``B x n x p x P``."""
        constant, reach, inner, outer = self._split(weights)
        seen = self._seen(encoded)
        hidden = torch.tanh(seen @ inner.transpose(-1, -2))  # B x n x H
        moved = hidden @ outer.transpose(-1, -2)
        z = constant.unsqueeze(-2) + moved
        batch, n, p = z.shape
        eye = torch.eye(p, dtype=z.dtype)
        by_constant = eye.expand(batch, n, p, p)
        bent = outer.unsqueeze(-3) * (1.0 - hidden.square()).unsqueeze(-2)  # B x n x p x H
        by_inner = self._inner * bent.unsqueeze(-1) * seen[:, None, None, :]
        by_outer = reach[:, None, :, None, None] * eye[:, :, None] * hidden[:, :, None, None, :]
        by_reach = _REACH_SD * torch.diag_embed(moved)
        jacobian = torch.cat(
            [by_constant, by_reach, by_inner.flatten(-2), by_outer.flatten(-2)], dim=-1
        )
        inside = (z.abs() < LIMIT).unsqueeze(-1)
        return z.clamp(-LIMIT, LIMIT), jacobian * inside

    @property
    def _inner(self) -> float:
        return 1.0 / math.sqrt(self.inputs + 1.0)

    def _seen(self, encoded: Tensor) -> Tensor:
        """Return columns scaled to unit variance, and a one, ``... x N x (d + 1)``."""
        scaled = (encoded - _CENTRE) * _UNIT
        return torch.cat([scaled, torch.ones_like(scaled[..., :1])], dim=-1)

    def _split(self, weights: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return constants, reach, and the scaled matrices of both layers."""
        p, h, d = self.parameters, self.hidden, self.inputs
        constant, log, inner, outer = torch.split(weights, [p, p, h * (d + 1), p * h], dim=-1)
        reach = _REACH / math.sqrt(h) * torch.exp(_REACH_SD * log)
        return (
            constant,
            reach,
            self._inner * inner.reshape(*inner.shape[:-1], h, d + 1),
            reach.unsqueeze(-1) * outer.reshape(*outer.shape[:-1], p, h),
        )
