"""Whether a least-squares fit is stable: no saddle point, and no other minimum as low.

Gauss-Newton approximates the Hessian by ``J' J``, so that it may stop at a saddle point of the
cost. The true Hessian shows it by a negative eigenvalue (Nocedal & Wright, Numerical Optimization,
section 3.4), and the fit goes on along that eigenvector.
"""

import torch
from torch import Tensor

from labloop.surrogates.numerics.levenberg_marquardt import (
    LIMIT,
    Minimum,
    ValueAndJacobian,
    least_squares,
)

_STEP = 1e-2
_NEGATIVE = -1e-2
_SADDLE_STEP = 1.0
_EQUALLY_SUPPORTED = 3.0
"""In minus twice the log posterior: two sets that differ by less are equally supported."""
_DISTINCT = 1.0
"""In prior standard deviations: sets of parameters nearer than this count as one."""


def left_saddle(
    model: ValueAndJacobian, measured: Tensor, whitener: Tensor, at: Minimum, iterations: int
) -> Minimum:
    """Return ``at``, or a lower minimum found from steps along a direction of negative curvature.

    Arguments as of :func:`~labloop.surrogates.numerics.levenberg_marquardt.least_squares`,
    ``B`` starts.
    """
    sound = torch.isfinite(at.cost)
    if not bool(sound.any()) or not at.z.shape[-1]:
        return at
    values, vectors = torch.linalg.eigh(_hessian(model, measured, whitener, at))
    lowest, way = values[:, 0], vectors[:, :, 0]
    unstable = (sound & (lowest < _NEGATIVE)).nonzero().flatten()
    if not len(unstable):
        return at
    leap = _SADDLE_STEP * way[unstable]
    both = torch.cat([at.z[unstable] + leap, at.z[unstable] - leap]).clamp(-LIMIT, LIMIT)
    trial = least_squares(model, measured, whitener[unstable].repeat(2, 1, 1, 1), both, iterations)
    found, count = at, len(unstable)
    for rows in (torch.arange(count), count + torch.arange(count)):
        lower = trial.cost[rows] < found.cost[unstable]
        found = found.replaced(unstable[lower], trial.rows(rows[lower]))
    return found


def _hessian(model: ValueAndJacobian, measured: Tensor, whitener: Tensor, at: Minimum) -> Tensor:
    """Return ``B x p x p``: differences of the cost's gradient, zero where not finite."""
    count, p = at.z.shape
    many = (at.z.unsqueeze(1) + _STEP * torch.eye(p).to(at.z)).flatten(0, 1)
    white = whitener.repeat_interleave(p, 0)
    moved = _gradient(many, *model(many), measured, white).view(count, p, p)
    here = _gradient(at.z, at.value, at.jacobian, measured, whitener)
    hessian = torch.nan_to_num((moved - here.unsqueeze(1)) / _STEP, nan=0.0, posinf=0.0, neginf=0.0)
    return 0.5 * (hessian + hessian.transpose(-1, -2))


def _gradient(
    z: Tensor, value: Tensor, jacobian: Tensor, measured: Tensor, whitener: Tensor
) -> Tensor:
    residual = (whitener @ (measured - value).unsqueeze(-1).movedim(2, 1)).flatten(1, 2)
    tangent = (whitener @ jacobian.movedim(2, 1)).flatten(1, 2)
    return 2.0 * (z - (tangent * residual).sum(1))


def best_distinct(z: Tensor, cost: Tensor, count: int) -> Tensor:
    """Return the rows of the ``count`` best starts that are distinct from each other.

    Of several starts that are near each other only the best is taken; where fewer than ``count``
    are distinct, the best of the others follow.

    Args:
        z: ``S x p`` where the starts are.
        cost: ``S``, infinite where not finite.
        count: at most S.
    """
    order = cost.argsort(stable=True)
    taken: list[int] = []
    for row in order[torch.isfinite(cost[order])].tolist():
        if len(taken) == count:
            break
        if all(bool(((z[row] - z[one]).abs() > _DISTINCT).any()) for one in taken):
            taken.append(row)
    rest = [row for row in order.tolist() if row not in taken]
    return torch.tensor([*taken, *rest[: count - len(taken)]])


def alternative_minimum(z: Tensor, loss: Tensor, best: int) -> Tensor | None:
    """Return the best distinct set of parameters that the experiments support as well as ``best``.

    Args:
        z: ``S x p`` where the starts arrived.
        loss: ``S`` minus twice the log posterior there.
        best: the lowest of them.
    """
    apart = ((z - z[best]).abs() > _DISTINCT).any(-1)
    alike = apart & (loss - loss[best] < _EQUALLY_SUPPORTED)
    if not bool(alike.any()):
        return None
    return z[torch.where(alike, loss, torch.inf).argmin()]
