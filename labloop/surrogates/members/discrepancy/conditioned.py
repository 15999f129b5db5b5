"""A discrepancy model conditioned on the experiments: what follows there, before any prediction."""

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
    """The GP on the residual of one channel, in units of ``scale``, the channel's sd."""

    kernel: Kernel
    hyper: Hyperparameters
    scale: float


@dataclass(frozen=True, slots=True)
class DiscrepancyFit:
    """Channels that share one set of physical parameters, with a GP for each discrepancy."""

    channels: tuple[int, ...]
    """Columns of ``Channels.values``."""
    z: FloatArray
    """Whitened parameters, ``p``."""
    discrepancies: tuple[ResidualGP, ...]
    rival: FloatArray | None = None
    """An alternative minimum: other whitened parameters that the experiments support as well."""


class ConditionedDiscrepancy:
    """A discrepancy model conditioned on the experiments.

    Everything follows from the fit and the data, so that a stored fit gives the same bits.

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
        """The whitened parameters that the report gives, ``p``."""
        return self.z

    @property
    def channels(self) -> tuple[int, ...]:
        """The columns of ``Channels.values`` that the posterior speaks of."""
        return tuple(self.fit.channels[i] for i in self.parts)

    @property
    def parts(self) -> list[int]:
        """The positions within the model of channels that the objective reads."""
        return [i for i, c in enumerate(self.fit.channels) if c < self._channels.count]

    def _spread_of_channels(self) -> Tensor:
        return self._channels.scale[list(self.channels)].square()

    def noise_variance(self) -> FloatArray:
        """Return the variance of one measurement of each channel that the objective reads."""
        found: FloatArray = self._noise[self.parts].mean(-1).numpy()
        return found

    def residuals(self) -> Tensor:
        """Return measured less fitted, ``n x m``: what the model attributes to noise."""
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
        """Return ``n x C`` whitened residuals, each experiment predicted from those before it."""
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
