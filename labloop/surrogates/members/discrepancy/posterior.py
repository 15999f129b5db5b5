"""Discrepancy models: physics as the mean, a Gaussian process on what it misses; predictions.

Kennedy & O'Hagan, J. R. Stat. Soc. B 63 (2001) 425. The uncertainty of the physics' parameters
stays in the covariance: to first order they add ``J Sigma J'``, J the Jacobian of the physics.
How they are learned stands in ``discrepancy_fit``.
"""

import torch
from torch import Tensor

from labloop.surrogates.members.discrepancy.conditioned import ConditionedDiscrepancy
from labloop.surrogates.numerics import cross_covariance

_JITTER = 1e-8


class DiscrepancyPosterior(ConditionedDiscrepancy):
    """The posterior of the channels that the objective reads, at any point of the space."""

    def _predict(self, x: Tensor) -> tuple[Tensor, Tensor, list[Tensor], Tensor]:
        """Return what the moments at ``x`` are made of.

        Returns:
            The mean ``... x q x m``; the parameters' part of the covariance as a factor,
            ``... x q x m x p``; covariances with the data after the inverse Cholesky factor,
            ``... x n x q`` a channel; where the physics is finite, ``... x q``. Elsewhere the
            channel's mean stands for it.
        """
        value, jacobian = self._channels.value_and_jacobian(x, self.z.unsqueeze(0))
        sound = torch.isfinite(value).all(-1) & torch.isfinite(jacobian).all(-1).all(-1)
        value = torch.where(sound[..., None], value, self._channels.values.mean(0))
        jacobian = torch.where(sound[..., None, None], jacobian, 0.0)
        means, parts, halves = [], [], []
        for i in self.parts:
            d, c = self.fit.discrepancies[i], self.fit.channels[i]
            cross = d.scale**2 * cross_covariance(d.kernel, d.hyper, x, self._channels.encoded)
            means.append(value[..., c] + cross @ self._alpha[i])
            parts.append((jacobian[..., c, :] - cross @ self._beta[i]) @ self._spread)
            half = torch.linalg.solve_triangular(
                self._roots[i], cross.transpose(-1, -2), upper=False
            )
            halves.append(half)
        return torch.stack(means, -1), torch.stack(parts, -2), halves, sound

    def marginal_moments(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean, variance and its part due to the parameters, ``... x q x m`` each."""
        mean, parts, halves, sound = self._predict(x)
        own = [
            self._prior_variance(i) - halves[j].square().sum(-2) for j, i in enumerate(self.parts)
        ]
        parameters = parts.square().sum(-1)
        floor = torch.where(sound[..., None], _JITTER, 1.0) * self._spread_of_channels()
        return mean, torch.stack(own, -1).clamp_min(0.0) + parameters + floor, parameters

    def joint_moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean ``... x q x m`` and covariance ``... x q x m x q x m`` at ``x``."""
        mean, parts, halves, sound = self._predict(x)
        q, m = mean.shape[-2:]
        flat = parts.flatten(-3, -2)
        covariance = (flat @ flat.transpose(-1, -2)).reshape(*mean.shape[:-2], q, m, q, m)
        own = torch.zeros_like(covariance)
        for j, i in enumerate(self.parts):
            d = self.fit.discrepancies[i]
            prior = d.scale**2 * cross_covariance(d.kernel, d.hyper, x, x)
            own[..., :, j, :, j] = prior - halves[j].transpose(-1, -2) @ halves[j]
        blind = torch.where(sound[..., None], 0.0, self._spread_of_channels()).flatten(-2)
        blind = torch.diag_embed(blind).reshape(own.shape)
        return mean, covariance + own + blind

    def cross_moments(self, x: Tensor, base: Tensor, part: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean (b), variance (b) and covariance (b x m) of ``x`` with ``base``.

        For the ``part``-th channel of the model that the objective reads. The mean is NaN
        where the physics is not finite: such a point is not to be proposed.
        """
        mean, parts, halves, sound = self._predict(torch.cat([x, base]))
        mean = torch.where(sound[:, None], mean, torch.nan)
        i, count = self.parts[part], len(x)
        d, half, jacobian = self.fit.discrepancies[i], halves[part], parts[:, part]
        variance = self._prior_variance(i) - half[:, :count].square().sum(0)
        variance = variance.clamp_min(0.0) + jacobian[:count].square().sum(-1)
        shared = d.scale**2 * cross_covariance(d.kernel, d.hyper, x, base)
        shared = shared - half[:, :count].T @ half[:, count:]
        return mean[:count, part], variance, shared + jacobian[:count] @ jacobian[count:].T

    def _prior_variance(self, part: int) -> float:
        d = self.fit.discrepancies[part]
        return d.scale**2 * float(d.hyper.weights.sum())
