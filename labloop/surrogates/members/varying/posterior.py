"""Physics whose parameters vary over the space: predictions.

``theta_j(x) = theta_j + rho_j g_j(x)`` with Gaussian processes ``g_j`` of one kernel (a
varying-coefficient model: Hastie & Tibshirani, J. R. Stat. Soc. B 55 (1993) 757; with Gaussian
processes: Gelfand et al., J. Am. Stat. Assoc. 98 (2003) 387), and a small GP beside each channel.
What the physics misses acts on the parameters, so that mass balance, positivity and saturation
hold in every prediction.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.surrogates.members.varying.conditioned import ConditionedVarying
from labloop.surrogates.numerics import LIMIT, cross_covariance

_JITTER = 1e-8


class VaryingPosterior(ConditionedVarying):
    """The posterior of the channels that the objective reads, at any point of the space."""

    def _predict(self, x: Tensor) -> "_At":
        near = cross_covariance(self._kernel, self._hyper, x, self._channels.encoded)
        wanted = self.z + self._rho2 * (near @ self._pull)
        z = wanted.clamp(-LIMIT, LIMIT)
        value, jacobian = self._channels.value_and_jacobian(x, z)
        # Beyond the limit along a straight line, so that the mean still fits its measurements.
        value = value + (jacobian @ (wanted - z).unsqueeze(-1)).squeeze(-1)
        sound = torch.isfinite(value).all(-1) & torch.isfinite(jacobian).all(-1).all(-1)
        value = torch.where(sound[..., None], value, self._channels.values.mean(0))
        jacobian = torch.where(sound[..., None, None], jacobian, 0.0)
        flat = self._jacobian.flatten(0, 1)
        means, halves = [], []
        for c in self.channels:
            mine = jacobian[..., c, :]
            cross = mine @ flat.T + self._cross_field(mine, near, c)
            means.append(value[..., c] + self._tau2[c] * (near @ self._alpha[c]))
            halves.append(cross @ self._inverse_root.T)
        return _At(torch.stack(means, -1), jacobian, halves, sound)

    def _own(self, jacobian: Tensor, c: int) -> Tensor:
        found: Tensor = (jacobian[..., c, :].square() * (1.0 + self._rho2)).sum(-1) + self._tau2[c]
        return found

    def marginal_moments(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean, variance and its part due to the constant parts, ``... x q x m`` each.

        The rest of the variance, as if the constant parts were known, is the discrepancy's.
        """
        at = self._predict(x)
        variances = [
            (self._own(at.jacobian, c) - half.square().sum(-1)).clamp_min(0.0)
            for c, half in zip(self.channels, at.halves, strict=True)
        ]
        floor = torch.where(at.sound[..., None], _JITTER, 1.0) * self._spread_of_channels()
        return at.mean, torch.stack(variances, -1) + floor, self._by_parameters(x, at.jacobian)

    def joint_moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean ``... x q x m`` and covariance ``... x q x m x q x m`` at ``x``."""
        at = self._predict(x)
        shape = cross_covariance(self._kernel, self._hyper, x, x)
        q, m = at.mean.shape[-2:]
        covariance = at.mean.new_zeros(*at.mean.shape[:-2], q, m, q, m)
        for c in self.channels:
            for e in self.channels:
                left, right = at.jacobian[..., c, :], at.jacobian[..., e, :].transpose(-1, -2)
                prior = left @ right + ((left * self._rho2) @ right) * shape
                if c == e:
                    prior = prior + self._tau2[c] * shape
                told = at.halves[c] @ at.halves[e].transpose(-1, -2)
                covariance[..., :, c, :, e] = prior - told
        blind = torch.where(at.sound[..., None], 0.0, self._spread_of_channels()).flatten(-2)
        return at.mean, covariance + torch.diag_embed(blind).reshape(covariance.shape)

    def cross_moments(self, x: Tensor, base: Tensor, part: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean (b), variance (b) and covariance (b x m) of ``x`` with ``base``.

        The mean is NaN where the physics is not finite: such a point is not to be proposed.
        """
        at = self._predict(torch.cat([x, base]))
        count, c = len(x), self.channels[part]
        mean = torch.where(at.sound, at.mean[:, part], torch.nan)
        half, jacobian = at.halves[part], at.jacobian[:, c]
        variance = self._own(at.jacobian[:count], c) - half[:count].square().sum(-1)
        shape = cross_covariance(self._kernel, self._hyper, x, base)
        left, right = jacobian[:count], jacobian[count:].T
        shared = left @ right + ((left * self._rho2) @ right + self._tau2[c]) * shape
        shared = shared - half[:count] @ half[count:].T
        return mean[:count], variance.clamp_min(1e-12 * self._noise2[c]), shared

    def _by_parameters(self, x: Tensor, jacobian: Tensor) -> Tensor:
        near = cross_covariance(self._kernel, self._hyper, x, self._channels.encoded)
        flat = self._jacobian.flatten(0, 1)
        joint = self._joint.reshape(len(flat), len(flat)) - flat @ flat.T
        told = torch.cholesky_solve(flat, torch.linalg.cholesky(joint))
        parts = []
        for c in self.channels:
            cross = self._cross_field(jacobian[..., c, :], near, c)
            away = jacobian[..., c, :] - cross @ told
            parts.append(((away @ self.covariance) * away).sum(-1))
        return torch.stack(parts, -1)

    def _cross_field(self, jacobian: Tensor, near: Tensor, c: int) -> Tensor:
        """Return the covariance of varying parameters and the channel's GP with the data."""
        flat = self._jacobian.flatten(0, 1)
        every = near.repeat(*[1] * (near.dim() - 1), len(self._jacobian))
        cross = ((jacobian * self._rho2) @ flat.T) * every
        n = near.shape[-1]
        cross[..., c * n : (c + 1) * n] += self._tau2[c] * near
        return cross


@dataclass(frozen=True, slots=True)
class _At:
    """What is predicted at some points."""

    mean: Tensor
    jacobian: Tensor
    halves: list[Tensor]
    sound: Tensor
