"""Varying parameters conditioned on the experiments: what follows there, before any prediction.

The measurements are linear in the parameters where the physics was linearised, so that
parameters, Gaussian processes and noise are jointly normal; one Cholesky factor of the
covariance of all measurements, ``Cn x Cn``, gives everything.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from labloop.records import FloatArray
from labloop.surrogates.members.varying.hyperparameters import VaryingHyperparameters
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
class VaryingFit:
    """Fitted hyper-parameters and linearisation; with the data everything else follows."""

    kernel: Kernel
    hyper: VaryingHyperparameters
    at: FloatArray
    """``n x p`` whitened parameters at the experiments, where the physics was linearised."""
    scale: FloatArray
    """``C``: the unit of noise and of the GPs beside the physics."""


class ConditionedVarying:
    """Varying parameters conditioned on the experiments.

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
        """Return each whitened parameter less its constant part, ``... x N x p``."""
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
        """Root mean square effect of each parameter's variation, in sds of the channels."""
        varied = self.varied(self._channels.encoded)
        # A shift that is the same everywhere belongs to the constant part.
        moved = self._jacobian.movedim(0, 1) * (varied - varied.mean(0)).unsqueeze(1)
        scaled = moved / torch.tensor(self.fit.scale)[:, None]
        found: Tensor = scaled.square().mean((0, 1)).sqrt()
        return found

    def _spread_of_channels(self) -> Tensor:
        return self._channels.scale[list(self.channels)].square()

    def noise_variance(self) -> FloatArray:
        """Return the variance of one measurement of each channel that the objective reads."""
        found: FloatArray = self._noise[list(self.channels)].mean(-1).numpy()
        return found

    def residuals(self) -> Tensor:
        """Return measured less fitted, ``n x m``: what the model attributes to noise."""
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
        """Return ``n x C`` whitened residuals, each experiment predicted from those before it."""
        return one_step_ahead(self._linearised)
