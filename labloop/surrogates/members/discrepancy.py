"""Delta-GP: physics as the mean with jointly learned parameters, a process on what it misses.

The parameters' uncertainty stays in the covariance as a tangent kernel. How the parameters are
learned stands in ``delta_fit``.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from labloop.records import FloatArray
from labloop.surrogates.numerics import (
    Hyperparameters,
    Kernel,
    LinearisedMeasurements,
    cross_covariance,
    leave_one_out,
    one_step_ahead,
)
from labloop.surrogates.solving import Channels

_JITTER = 1e-8


@dataclass(frozen=True, slots=True)
class ResidualGP:
    """The process on the residual of one channel, in units of ``scale``, the channel's sd."""

    kernel: Kernel
    hyper: Hyperparameters
    scale: float


@dataclass(frozen=True, slots=True)
class DiscrepancyFit:
    """Channels that share one set of physical parameters, with their discrepancies."""

    channels: tuple[int, ...]
    """Columns of ``Channels.values``."""
    z: FloatArray
    """Whitened parameters, ``p``."""
    discrepancies: tuple[ResidualGP, ...]
    rival: FloatArray | None = None
    """Other whitened parameters that the experiments cannot tell from ``z``."""


class DiscrepancyPosterior:
    """A discrepancy model with its algebra done once: what prediction and leave-one-out need.

    Everything follows from the fit and the data, so a stored fit gives the same bits.

    Attributes:
        fit: what was fitted.
        covariance: ``p x p`` posterior covariance of the whitened parameters.
    """

    def __init__(self, channels: Channels, fit: DiscrepancyFit, known: Tensor) -> None:
        self.fit = fit
        self._channels = channels
        self._picked = list(fit.channels)
        self.z = torch.tensor(fit.z, dtype=torch.float64)
        value, jacobian = channels.value_and_jacobian(channels.encoded, self.z.unsqueeze(0))
        channels.check_finite(value, jacobian)
        self._jacobian = jacobian[:, self._picked].movedim(1, 0)  # C x n x p
        self._residual = (channels.values - value)[:, self._picked].T  # C x n
        white = [d.scale**2 * (d.hyper.noise + _JITTER) for d in fit.discrepancies]
        self._noise = torch.tensor(white, dtype=torch.float64)[:, None] + known[:, self._picked].T
        self._covariances = torch.stack(
            [
                measurement_covariance(d, channels.encoded, known[:, c])
                for c, d in zip(fit.channels, fit.discrepancies, strict=True)
            ]
        )
        self._roots = torch.linalg.cholesky(self._covariances)
        solved = torch.cholesky_solve(
            torch.cat([self._residual.unsqueeze(-1), self._jacobian], dim=-1), self._roots
        )
        self._alpha, self._beta = solved[..., 0], solved[..., 1:]
        eye = torch.eye(len(self.z), dtype=torch.float64)
        information = (self._jacobian.transpose(-1, -2) @ self._beta).sum(0) + eye
        self.covariance = torch.cholesky_inverse(torch.linalg.cholesky(information))
        self._spread = torch.linalg.cholesky(self.covariance)

    @property
    def mean_parameters(self) -> Tensor:
        """The whitened parameters that are told, ``p``."""
        return self.z

    @property
    def channels(self) -> tuple[int, ...]:
        """The columns of ``Channels.values`` that the posterior speaks of."""
        return tuple(self.fit.channels[i] for i in self.parts)

    @property
    def parts(self) -> list[int]:
        """The positions within the model of channels that the objective reads."""
        return [i for i, c in enumerate(self.fit.channels) if c < self._channels.count]

    def _predict(self, x: Tensor) -> tuple[Tensor, Tensor, list[Tensor], Tensor]:
        """Return mean ``... x q x m``, parameter part ``... x q x m x p``, half covariances.

        And where (``... x q``) the physics gives numbers; elsewhere the channel's mean stands
        for it.
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
        """Return mean, variance and what the parameters leave of it at ``x``, ``... x q x m``."""
        mean, parts, halves, sound = self._predict(x)
        own = [
            self._prior_variance(i) - halves[j].square().sum(-2) for j, i in enumerate(self.parts)
        ]
        parameters = parts.square().sum(-1)
        floor = torch.where(sound[..., None], _JITTER, 1.0) * self._spread_of_channels()
        return mean, torch.stack(own, -1).clamp_min(0.0) + parameters + floor, parameters

    def joint(self, x: Tensor) -> tuple[Tensor, Tensor]:
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

    def _spread_of_channels(self) -> Tensor:
        return self._channels.scale[list(self.channels)].square()

    def cross_moments(self, x: Tensor, base: Tensor, part: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean (b), variance (b) and covariance (b x m) of ``x`` with ``base``.

        For the ``part``-th channel of the model that the objective reads. The mean is NaN
        where the physics gives no number: such a point is not to be proposed.
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

    def noise_variance(self) -> FloatArray:
        """Return the variance of one measurement of each channel that the objective reads."""
        found: FloatArray = self._noise[self.parts].mean(-1).numpy()
        return found

    def residuals(self) -> Tensor:
        """Return measured less fitted, ``n x m``: what is taken for noise."""
        found = self._noise * self._alpha
        return found.T[:, self.parts]

    @property
    def training_channels(self) -> tuple[int, ...]:
        """The columns of ``Channels.values`` that it was fitted to."""
        return self.fit.channels

    def leave_one_out(self) -> tuple[Tensor, Tensor]:
        """Return mean and variance of each experiment given all others, with noise.

        Each ``n`` by the channels that it learned from.
        """
        return leave_one_out(self._linearised(), self._physics)

    def one_step_ahead_residuals(self) -> Tensor:
        """Return ``n x C`` whitened one-step-ahead surprises."""
        return one_step_ahead(self._linearised())

    def _physics(self, z: Tensor) -> tuple[Tensor, Tensor]:
        value, jacobian = self._channels.at_own_parameters(z)
        return value[:, self._picked], jacobian[:, self._picked]

    def _linearised(self) -> LinearisedMeasurements:
        _, n, p = self._jacobian.shape
        own = [
            d.scale**2
            * cross_covariance(d.kernel, d.hyper, self._channels.encoded, self._channels.encoded)
            for d in self.fit.discrepancies
        ]
        return LinearisedMeasurements(
            jacobian=self._jacobian,
            target=self._residual + self._jacobian @ self.z,
            parameter_covariance=torch.ones(n, n, p, dtype=torch.float64),
            gp_covariance=torch.stack(own),
            noise=self._noise,
        )


def measurement_covariance(d: ResidualGP, encoded: Tensor, known: Tensor) -> Tensor:
    """Return the covariance ``n x n`` of a channel's measurements around its physics."""
    shape = cross_covariance(d.kernel, d.hyper, encoded, encoded)
    noise = d.hyper.noise + _JITTER
    return d.scale**2 * (shape + noise * torch.eye(len(encoded), dtype=torch.float64)) + torch.diag(
        known
    )
