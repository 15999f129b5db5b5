"""FieldGP: physics whose parameters vary over the space, so that what it misses stays physical.

``theta_j(x) = theta_j + rho_j g_j(x)`` with processes ``g_j`` of one kernel, and a small
process beside each channel. The discrepancy acts on the parameters, so that mass balance,
positivity and saturation survive. Inference by iterated linearisation: one Cholesky factor
of all channels an iteration, the constant parameters integrated out with the varying ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labloop.records import FloatArray
from labloop.space import Feature
from labloop.surrogates.members.varying_hyperparameters import (
    VaryingHyperparameters,
    fit_varying_hyperparameters,
    varying_log_posterior,
)
from labloop.surrogates.numerics import (
    LIMIT,
    Hyperparameters,
    Kernel,
    LinearisedMeasurements,
    build_kernel,
    cross_covariance,
    leave_one_out,
    one_step_ahead,
)
from labloop.surrogates.solving import Channels

_RELINEARISED = 3
_LONGEST_STEP = 0.7
_ITERATIONS = 25
_JITTER = 1e-8


@dataclass(frozen=True, slots=True)
class VaryingFit:
    """A fitted field: with the data it says everything else."""

    kernel: Kernel
    hyper: VaryingHyperparameters
    at: FloatArray
    """``n x p`` whitened parameters at the experiments, where the physics was linearised."""
    scale: FloatArray
    """``C``: the unit of noise and of the small processes."""


class VaryingPosterior:
    """A field with its algebra done once: what prediction and leave-one-out need.

    Attributes:
        fit: what was fitted.
        z: the parameters' constant part, whitened, ``p``.
        covariance: ``p x p`` posterior covariance of the constant part.
        channels: columns of ``Channels.values`` that the posterior speaks of.
    """

    def __init__(
        self,
        channels: Channels,
        fit: VaryingFit,
        known: Tensor,
        linearised: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        self.fit = fit
        self.channels = tuple(range(channels.count))
        self._channels = channels
        self._kernel = fit.kernel
        self._hyper = Hyperparameters(fit.hyper.lengthscales, np.ones(1), 0.0)
        self._rho2 = torch.tensor(fit.hyper.rho**2)
        scale2 = torch.tensor(fit.scale**2)
        self._tau2 = scale2 * torch.tensor(fit.hyper.tau**2)
        self._noise2 = scale2 * torch.tensor(fit.hyper.noise**2)
        x, at = channels.encoded, torch.tensor(fit.at)
        value, jacobian = linearised or channels.value_and_jacobian(x, at)
        channels.check_finite(value, jacobian)
        self._jacobian = jacobian.movedim(1, 0)
        self._start = (channels.values - value + (jacobian * at.unsqueeze(1)).sum(-1)).T
        jitter = _JITTER * scale2
        self._noise = (self._noise2 + jitter)[:, None] + known.T
        shape = cross_covariance(self._kernel, self._hyper, x, x)
        self._linearised = LinearisedMeasurements(
            jacobian=self._jacobian,
            target=self._start,
            parameter_covariance=1.0 + self._rho2 * shape.unsqueeze(-1),
            gp_covariance=self._tau2[:, None, None] * shape,
            noise=self._noise,
        )
        self._joint = self._linearised.covariance()
        count, n = self._start.shape
        root = torch.linalg.cholesky(self._joint.reshape(count * n, count * n))
        self._inverse_root = torch.linalg.solve_triangular(
            root, torch.eye(count * n, dtype=torch.float64), upper=False
        )
        flat = self._jacobian.flatten(0, 1)
        half = self._inverse_root @ torch.cat([self._start.reshape(-1, 1), flat], dim=1)
        self._alpha = (self._inverse_root.T @ half[:, 0]).view(count, n)
        self._pull = (self._jacobian * self._alpha.unsqueeze(-1)).sum(0)
        self.z = self._pull.sum(0)
        self.covariance = (
            torch.eye(flat.shape[1], dtype=torch.float64) - half[:, 1:].T @ half[:, 1:]
        )

    def varied(self, x: Tensor) -> Tensor:
        """Return how far each whitened parameter leaves its constant part, ``... x N x p``."""
        near = cross_covariance(self._kernel, self._hyper, x, self._channels.encoded)
        found: Tensor = self._rho2 * (near @ self._pull)
        return found

    @property
    def mean_parameters(self) -> Tensor:
        """The whitened parameters' mean over the experiments, ``p``."""
        found: Tensor = self.z + self.varied(self._channels.encoded).mean(0)
        return found

    @property
    def effect(self) -> Tensor:
        """What each parameter's variation does to the measurements, in sds of a channel, ``p``."""
        varied = self.varied(self._channels.encoded)
        # A shift that is the same everywhere belongs to the constant, not to its variation.
        moved = self._jacobian.movedim(0, 1) * (varied - varied.mean(0)).unsqueeze(1)
        scaled = moved / torch.tensor(self.fit.scale)[:, None]
        found: Tensor = scaled.square().mean((0, 1)).sqrt()
        return found

    def _predict(self, x: Tensor) -> "_At":
        near = cross_covariance(self._kernel, self._hyper, x, self._channels.encoded)
        wanted = self.z + self._rho2 * (near @ self._pull)
        z = wanted.clamp(-LIMIT, LIMIT)
        value, jacobian = self._channels.value_and_jacobian(x, z)
        # Beyond the limit along a straight line, or the mean would leave its own measurements.
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
        """Return mean, variance and what the constant parts leave of it, ``... x q x m``.

        What would remain if the constant parts were known is the discrepancy's.
        """
        at = self._predict(x)
        variances = [
            (self._own(at.jacobian, c) - half.square().sum(-1)).clamp_min(0.0)
            for c, half in zip(self.channels, at.halves, strict=True)
        ]
        floor = torch.where(at.sound[..., None], _JITTER, 1.0) * self._spread_of_channels()
        return at.mean, torch.stack(variances, -1) + floor, self._by_parameters(x, at.jacobian)

    def joint(self, x: Tensor) -> tuple[Tensor, Tensor]:
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

        The mean is NaN where the physics gives no number: such a point is not to be proposed.
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
        """Return the covariance of the field and the small process with the data."""
        flat = self._jacobian.flatten(0, 1)
        every = near.repeat(*[1] * (near.dim() - 1), len(self._jacobian))
        cross = ((jacobian * self._rho2) @ flat.T) * every
        n = near.shape[-1]
        cross[..., c * n : (c + 1) * n] += self._tau2[c] * near
        return cross

    def _spread_of_channels(self) -> Tensor:
        return self._channels.scale[list(self.channels)].square()

    def noise_variance(self) -> FloatArray:
        """Return the variance of one measurement of each channel that the objective reads."""
        found: FloatArray = self._noise[list(self.channels)].mean(-1).numpy()
        return found

    def residuals(self) -> Tensor:
        """Return measured less fitted, ``n x m``: what is taken for noise."""
        found: Tensor = (self._noise * self._alpha).T[:, list(self.channels)]
        return found

    @property
    def training_channels(self) -> tuple[int, ...]:
        """The columns of ``Channels.values`` that it was fitted to: all of them."""
        return tuple(range(len(self._channels.names)))

    def leave_one_out(self) -> tuple[Tensor, Tensor]:
        """Return mean and variance ``n x C`` of each experiment given all others, with noise."""
        return leave_one_out(self._linearised, self._channels.at_own_parameters)

    def one_step_ahead_residuals(self) -> Tensor:
        """Return ``n x C`` whitened one-step-ahead surprises."""
        return one_step_ahead(self._linearised)


@dataclass(frozen=True, slots=True)
class _At:
    """What is predicted at some points."""

    mean: Tensor
    jacobian: Tensor
    halves: list[Tensor]
    sound: Tensor


def fit_varying(
    channels: Channels, features: Sequence[Feature], known: Tensor, start: Tensor
) -> VaryingFit:
    """Return the most probable field.

    Args:
        channels: physics and measurements.
        features: what the encoded columns mean.
        known: ``n x C`` known variances of measurements, zero where unknown.
        start: ``p`` whitened constant parameters to begin at.

    Raises:
        PhysicsFailureError: the physics gives nothing finite at the experiments.
    """
    kernel = build_kernel("rbf", features)
    x = channels.encoded.numpy()
    scale = channels.scale.numpy()
    z = start.expand(len(channels.values), -1)
    hyper: VaryingHyperparameters | None = None
    for _ in range(_RELINEARISED):
        value, jacobian = channels.value_and_jacobian(channels.encoded, z)
        channels.check_finite(value, jacobian)
        begin = channels.values - value + (jacobian * z.unsqueeze(1)).sum(-1)
        problem = varying_log_posterior(
            kernel,
            x,
            (jacobian.movedim(1, 0) / channels.scale[:, None, None]).numpy(),
            (begin / channels.scale).T.numpy(),
            (known / channels.scale.square()).T.numpy(),
        )
        hyper = fit_varying_hyperparameters(problem, hyper, _ITERATIONS)
        now = VaryingFit(kernel, hyper, z.numpy().copy(), scale)
        solved = VaryingPosterior(channels, now, known, (value, jacobian))
        wanted = solved.z + solved.varied(channels.encoded)
        z = (z + (wanted - z).clamp(-_LONGEST_STEP, _LONGEST_STEP)).clamp(-LIMIT, LIMIT)
    if hyper is None:  # pragma: no cover - at least one round
        raise AssertionError
    return VaryingFit(kernel, hyper, z.numpy().copy(), scale)
