"""Levenberg-Marquardt least squares for whitened parameters, many starts in one batch.

Damping scales the diagonal of ``J' W J + 1`` (Marquardt, J. SIAM 11 (1963) 431); it falls fivefold
after a step that lowers the cost, and grows eightfold after one that does not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

ValueAndJacobian: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From parameters ``B x p`` to values ``B x n x C`` and Jacobians ``B x n x C x p``."""

LIMIT = 4.0
"""Parameters stay within so many prior standard deviations."""
_LONGEST_STEP = 1.5
_FIRST_DAMPING = 1e-2
_LARGEST_DAMPING = 1e7
_CONVERGED = 1e-3
"""Relative to 1 + cost: less changes a parameter by a few hundredths of its standard deviation."""


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where each of B starts arrived."""

    z: Tensor
    """``B x p``"""
    value: Tensor
    """``B x n x C``: the model there."""
    jacobian: Tensor
    """``B x n x C x p``"""
    cost: Tensor
    """``B``: squared whitened residuals plus the squared parameters; infinite where not finite."""

    def rows(self, index: Tensor) -> "Minimum":
        """Return some of the starts."""
        return Minimum(self.z[index], self.value[index], self.jacobian[index], self.cost[index])

    def replaced(self, index: Tensor, by: "Minimum") -> "Minimum":
        """Return all starts, those of ``index`` as in ``by``."""
        made = []
        for name in ("z", "value", "jacobian", "cost"):
            whole = getattr(self, name).clone()
            whole[index] = getattr(by, name)
            made.append(whole)
        return Minimum(*made)


def least_squares(
    model: ValueAndJacobian,
    measured: Tensor,
    whitener: Tensor,
    starts: "Tensor | Minimum",
    iterations: int,
) -> Minimum:
    """Minimise ``sum_c |W_c (y_c - f_c(z))|^2 + |z|^2`` from every start.

    Args:
        model: values and slopes.
        measured: ``n x C``.
        whitener: ``B x C x n x n``: with ``W' W`` the precision of a channel; zero leaves a
            channel out.
        starts: ``B x p``, or where another whitener arrived, which saves one call of ``model``.
        iterations: at most so many calls of ``model`` after the first.
    """
    if isinstance(starts, Minimum):
        at = _with_cost(starts.z, starts.value, starts.jacobian, measured, whitener)
    else:
        at = _evaluate(model, measured, whitener, starts.clamp(-LIMIT, LIMIT))
    damping = torch.full_like(at.cost, _FIRST_DAMPING)
    moving = torch.isfinite(at.cost).nonzero().flatten()
    for _ in range(iterations):
        if not len(moving):
            break
        here, white = at.rows(moving), whitener[moving]
        step = _step(here, measured, white, damping[moving])
        trial = _evaluate(model, measured, white, (here.z + step).clamp(-LIMIT, LIMIT))
        better = trial.cost < here.cost
        gain = torch.where(better, here.cost - trial.cost, 0.0)
        small = gain <= _CONVERGED * (1.0 + here.cost)
        still = torch.where(better, small, damping[moving] > 1.0)
        change = torch.where(better, 0.2, 8.0)
        damping[moving] = (damping[moving] * change).clamp(1e-9, _LARGEST_DAMPING)
        at = at.replaced(moving[better], trial.rows(better.nonzero().flatten()))
        # Converged starts are not evaluated again.
        moving = moving[~(still | (damping[moving] >= _LARGEST_DAMPING))]
    return at


def _evaluate(model: ValueAndJacobian, measured: Tensor, whitener: Tensor, z: Tensor) -> Minimum:
    return _with_cost(z, *model(z), measured, whitener)


def _with_cost(
    z: Tensor, value: Tensor, jacobian: Tensor, measured: Tensor, whitener: Tensor
) -> Minimum:
    residual = _white(whitener, (measured - value).unsqueeze(-1))
    cost = residual.square().sum((-1, -2, -3)) + z.square().sum(-1)
    sound = torch.isfinite(cost) & torch.isfinite(jacobian).flatten(1).all(-1)
    return Minimum(z, value, jacobian, torch.where(sound, cost, torch.inf))


def _white(whitener: Tensor, by_point: Tensor) -> Tensor:
    """Return ``B x C x n x k`` of values ``B x n x C x k`` after whitening."""
    return whitener @ by_point.movedim(2, 1)


def _step(at: Minimum, measured: Tensor, whitener: Tensor, damping: Tensor) -> Tensor:
    residual = _white(whitener, (measured - at.value).unsqueeze(-1)).flatten(1)
    jacobian = _white(whitener, at.jacobian).flatten(1, 2)
    square = jacobian.transpose(-1, -2) @ jacobian + torch.eye(at.z.shape[-1], dtype=at.z.dtype)
    downhill = (jacobian.transpose(-1, -2) @ residual.unsqueeze(-1)).squeeze(-1) - at.z
    diagonal = torch.diagonal(square, dim1=-2, dim2=-1)
    damped = square + torch.diag_embed(damping.unsqueeze(-1) * diagonal)
    sound = torch.isfinite(at.cost)
    eye = torch.eye(at.z.shape[-1], dtype=at.z.dtype)
    damped = torch.where(sound[:, None, None], damped, eye)
    step = torch.linalg.solve(damped, downhill.unsqueeze(-1)).squeeze(-1)
    step = torch.where(sound[:, None], step, 0.0)
    return step.clamp(-_LONGEST_STEP, _LONGEST_STEP)
