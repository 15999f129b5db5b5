"""Damped Gauss-Newton (Levenberg-Marquardt) for whitened parameters, many starts at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

ValueAndSlope: TypeAlias = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From parameters ``B x p`` to values ``B x n x C`` and slopes ``B x n x C x p``."""

LIMIT = 4.0
"""Parameters stay within so many prior standard deviations."""
_LONGEST_STEP = 1.5
_FIRST_DAMPING = 1e-2
_LARGEST_DAMPING = 1e7
_CONVERGED = 1e-3
"""Relative to 1 + cost: what is left moves a parameter by a few hundredths of its sd."""


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where each of B starts arrived."""

    z: Tensor
    """``B x p``"""
    value: Tensor
    """``B x n x C``: the model there."""
    slope: Tensor
    """``B x n x C x p``"""
    cost: Tensor
    """``B``: squared whitened residuals plus the squared parameters; infinite where not finite."""


def least_squares(
    model: ValueAndSlope, measured: Tensor, whitener: Tensor, starts: Tensor, iterations: int
) -> Minimum:
    """Minimise ``sum_c |W_c (y_c - f_c(z))|^2 + |z|^2`` from every start.

    Args:
        model: values and slopes.
        measured: ``n x C``.
        whitener: ``B x C x n x n``: with ``W' W`` the precision of a channel; zero leaves a
            channel out.
        starts: ``B x p``.
        iterations: at most so many calls of ``model`` after the first.
    """
    at = _evaluate(model, measured, whitener, starts.clamp(-LIMIT, LIMIT))
    damping = torch.full_like(at.cost, _FIRST_DAMPING)
    for _ in range(iterations):
        step = _step(at, measured, whitener, damping)
        moved = (at.z + step).clamp(-LIMIT, LIMIT)
        trial = _evaluate(model, measured, whitener, moved)
        better = trial.cost < at.cost
        gain = torch.where(better, at.cost - trial.cost, 0.0)
        still = torch.where(better, gain <= _CONVERGED * (1.0 + at.cost), damping > 1.0)
        damping = torch.where(better, 0.2 * damping, 8.0 * damping).clamp(1e-9, _LARGEST_DAMPING)
        at = _pick(better, trial, at)
        if bool((still | (damping >= _LARGEST_DAMPING) | ~torch.isfinite(at.cost)).all()):
            break
    return at


def _evaluate(model: ValueAndSlope, measured: Tensor, whitener: Tensor, z: Tensor) -> Minimum:
    value, slope = model(z)
    residual = _white(whitener, (measured - value).unsqueeze(-1))
    cost = residual.square().sum((-1, -2, -3)) + z.square().sum(-1)
    sound = torch.isfinite(cost) & torch.isfinite(slope).flatten(1).all(-1)
    return Minimum(z, value, slope, torch.where(sound, cost, torch.inf))


def _white(whitener: Tensor, by_point: Tensor) -> Tensor:
    """Return ``B x C x n x k`` of values ``B x n x C x k`` after whitening."""
    return whitener @ by_point.movedim(2, 1)


def _step(at: Minimum, measured: Tensor, whitener: Tensor, damping: Tensor) -> Tensor:
    residual = _white(whitener, (measured - at.value).unsqueeze(-1)).flatten(1)
    slope = _white(whitener, at.slope).flatten(1, 2)
    square = slope.transpose(-1, -2) @ slope + torch.eye(at.z.shape[-1], dtype=at.z.dtype)
    downhill = (slope.transpose(-1, -2) @ residual.unsqueeze(-1)).squeeze(-1) - at.z
    diagonal = torch.diagonal(square, dim1=-2, dim2=-1)
    damped = square + torch.diag_embed(damping.unsqueeze(-1) * diagonal)
    sound = torch.isfinite(at.cost)
    eye = torch.eye(at.z.shape[-1], dtype=at.z.dtype)
    damped = torch.where(sound[:, None, None], damped, eye)
    step = torch.linalg.solve(damped, downhill.unsqueeze(-1)).squeeze(-1)
    step = torch.where(sound[:, None], step, 0.0)
    return step.clamp(-_LONGEST_STEP, _LONGEST_STEP)


def _pick(better: Tensor, first: Minimum, second: Minimum) -> Minimum:
    def choose(a: Tensor, b: Tensor) -> Tensor:
        return torch.where(better.view(-1, *[1] * (a.dim() - 1)), a, b)

    return Minimum(
        choose(first.z, second.z),
        choose(first.value, second.value),
        choose(first.slope, second.slope),
        choose(first.cost, second.cost),
    )
