"""Leave-one-experiment-out and one-step-ahead predictions of a linearised model.

Closed form from one Cholesky factor (Sundararajan & Keerthi, Neural Computation 13 (2001) 1103),
apart from one solve of the physics for each left-out experiment.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.surrogates.numerics.levenberg_marquardt import LIMIT


@dataclass(frozen=True, slots=True)
class LinearisedMeasurements:
    """C channels of n experiments as a linear Gaussian model.

    A measurement is physics, linear in p parameters (which may vary over the space), plus a GP
    of its channel, plus noise; all have prior mean zero.
    """

    jacobian: Tensor
    """``C x n x p``: of the physics by the parameters."""
    target: Tensor
    """``C x n``: measured less physics, plus Jacobian times the parameters of the linearisation."""
    parameter_covariance: Tensor
    """``n x n x p``: prior covariance of each parameter between two experiments."""
    gp_covariance: Tensor
    """``C x n x n``: prior covariance of each channel's GP."""
    noise: Tensor
    """``C x n``: variance of each measurement."""

    def covariance(self) -> Tensor:
        """Return the covariance of the measurements, ``C x n x C x n``, noise included."""
        count, n, _ = self.jacobian.shape
        covariance = torch.einsum(
            "caj,abj,ebj->caeb", self.jacobian, self.parameter_covariance, self.jacobian
        )
        channel = torch.arange(count)
        covariance[channel, :, channel, :] += self.gp_covariance + torch.diag_embed(self.noise)
        return covariance.reshape(count, n, count, n)


def leave_one_out(
    data: LinearisedMeasurements, physics: Callable[[Tensor], tuple[Tensor, Tensor]]
) -> tuple[Tensor, Tensor]:
    """Return mean and variance ``n x C`` of each experiment given all others, noise included.

    All channels of an experiment are left out together, by blocks. The parameters that the other
    experiments imply follow in closed form; the physics is then solved at these, because the
    linearisation itself was fitted with the experiment that is left out, and would be too good.

    Args:
        data: the linearised measurements.
        physics: parameters ``n x p``, one set an experiment -> values ``n x C`` and slopes
            ``n x C x p`` there.
    """
    count, n, p = data.jacobian.shape
    root = torch.linalg.cholesky(data.covariance().reshape(count * n, count * n))
    inverse = torch.cholesky_inverse(root)
    every = torch.arange(n)
    blocks = inverse.view(count, n, count, n)
    # Columns of the inverse that belong to an experiment, n x Cn x C, and its own block.
    columns = blocks.permute(3, 0, 1, 2).reshape(n, count * n, count)
    removed = torch.linalg.solve(blocks[:, every, :, every], columns.transpose(-1, -2))
    alpha = inverse @ data.target.flatten()
    mine = alpha.view(count, n).T.unsqueeze(-1)
    others = alpha - (removed.transpose(-1, -2) @ mine).squeeze(-1)
    # Covariance of an experiment's parameters and GPs with all measurements.
    cross = torch.einsum("abj,ebj->ajeb", data.parameter_covariance, data.jacobian).reshape(
        n, p, count * n
    )
    process = torch.zeros(n, count, count, n, dtype=data.gp_covariance.dtype)
    channel = torch.arange(count)
    process[:, channel, channel, :] = data.gp_covariance.permute(1, 0, 2)
    cross = torch.cat([cross, process.reshape(n, count, count * n)], dim=1)
    mean = (cross @ others.unsqueeze(-1)).squeeze(-1)
    prior = torch.cat(
        [data.parameter_covariance[every, every], data.gp_covariance[:, every, every].T], dim=-1
    )
    kept = cross @ inverse - (cross @ columns) @ removed
    spread = torch.diag_embed(prior) - kept @ cross.transpose(-1, -2)
    inside = mean[:, :p].clamp(-LIMIT, LIMIT)
    value, jacobian = physics(inside)
    # Beyond the limit the physics continues as a straight line.
    value = value + (jacobian @ (mean[:, :p] - inside).unsqueeze(-1)).squeeze(-1)
    along = torch.cat([jacobian, torch.eye(count, dtype=jacobian.dtype).expand(n, -1, -1)], dim=-1)
    variance = ((along @ spread) * along).sum(-1).clamp_min(0.0) + data.noise.T
    return value + mean[:, p:], variance


def one_step_ahead(data: LinearisedMeasurements) -> Tensor:
    """Return ``n x C`` whitened residuals of each experiment predicted from those before it.

    Hyper-parameters are those fitted to all experiments. A large residual tells from which
    experiment on the model fails.
    """
    count, n, _ = data.jacobian.shape
    by_experiment = data.covariance().permute(1, 0, 3, 2).reshape(count * n, count * n)
    root = torch.linalg.cholesky(by_experiment)
    target = data.target.T.reshape(-1, 1)
    white: Tensor = torch.linalg.solve_triangular(root, target, upper=False)
    return white.view(n, count)
