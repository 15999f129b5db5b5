"""Whether a fit of constants is stable: no downhill way left, and no rival as good elsewhere.

Internal instability: a better set of constants exists. A minimum of damped Gauss-Newton may
be a saddle of the true cost; along an eigenvector of negative curvature the fit goes on.
"""

import torch
from torch import Tensor

from labloop.surrogates._levenberg import LIMIT, Minimum, ValueAndSlope, least_squares

_STEP = 1e-2
_NEGATIVE = -1e-2
_LEAP = 1.0
_ALIKE = 3.0
"""In minus twice the log posterior: less than this does not decide between two sets."""
_APART = 1.0
"""In prior standard deviations of a constant: nearer sets are the same one."""


def continued(
    model: ValueAndSlope, measured: Tensor, whitener: Tensor, at: Minimum, iterations: int
) -> Minimum:
    """Return ``at``, or the lower minimum that a leap along negative curvature leads to.

    Arguments as of :func:`labloop.surrogates._levenberg.least_squares`, ``B`` starts.
    """
    sound = torch.isfinite(at.cost)
    if not bool(sound.any()) or not at.z.shape[-1]:
        return at
    values, vectors = torch.linalg.eigh(_hessian(model, measured, whitener, at.z))
    lowest, way = values[:, 0], vectors[:, :, 0]
    unstable = (sound & (lowest < _NEGATIVE)).nonzero().flatten()
    if not len(unstable):
        return at
    picked, leap = whitener[unstable], _LEAP * way[unstable]
    found = at
    for sign in (1.0, -1.0):
        start = (at.z[unstable] + sign * leap).clamp(-LIMIT, LIMIT)
        found = _lower(found, least_squares(model, measured, picked, start, iterations), unstable)
    return found


def _lower(best: Minimum, trial: Minimum, rows: Tensor) -> Minimum:
    """Return ``best`` with those of ``rows`` replaced where ``trial`` is lower."""
    lower = rows[trial.cost < best.cost[rows]]
    mine = trial.cost < best.cost[rows]
    made = []
    for name in ("z", "value", "slope", "cost"):
        whole = getattr(best, name).clone()
        whole[lower] = getattr(trial, name)[mine]
        made.append(whole)
    return Minimum(*made)


def _hessian(model: ValueAndSlope, measured: Tensor, whitener: Tensor, z: Tensor) -> Tensor:
    """Return ``B x p x p``: central differences of the cost's gradient, zero where not finite."""
    count, p = z.shape
    steps = torch.cat([_STEP * torch.eye(p), -_STEP * torch.eye(p)]).to(z)
    many = (z.unsqueeze(1) + steps).flatten(0, 1)
    value, slope = model(many)
    white = whitener.repeat_interleave(2 * p, 0)
    residual = white @ (measured - value).unsqueeze(-1).movedim(2, 1)
    tangent = (white @ slope.movedim(2, 1)).flatten(1, 2)
    gradient = 2.0 * (many - (tangent * residual.flatten(1, 2)).sum(1))
    gradient = torch.nan_to_num(gradient, nan=0.0, posinf=0.0, neginf=0.0).view(count, 2, p, p)
    hessian = (gradient[:, 0] - gradient[:, 1]) / (2.0 * _STEP)
    return 0.5 * (hessian + hessian.transpose(-1, -2))


def rival_of(z: Tensor, loss: Tensor, best: int) -> Tensor | None:
    """Return the best other set of constants that the experiments cannot tell from ``best``.

    Args:
        z: ``S x p`` where the starts arrived.
        loss: ``S`` minus twice the log posterior there.
        best: the lowest of them.
    """
    apart = ((z - z[best]).abs() > _APART).any(-1)
    alike = apart & (loss - loss[best] < _ALIKE)
    if not bool(alike.any()):
        return None
    return z[torch.where(alike, loss, torch.inf).argmin()]
