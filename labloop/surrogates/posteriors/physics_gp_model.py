"""Physics with Gaussian processes as a BoTorch model over the outputs that the objective reads."""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from botorch.models.model import Model
from botorch.posteriors.gpytorch import GPyTorchPosterior
from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal
from torch import Tensor

from labloop.records import FloatArray
from labloop.surrogates.posteriors.variance_decomposition import VarianceParts


class PhysicsPosterior(Protocol):
    """The posterior of channels that share physical parameters: what a member with physics gives.

    Shapes: ``x`` is ``... x q x d`` in the unit cube; m are the channels of the posterior, C those
    that it was fitted to, n the experiments.
    """

    z: Tensor
    """``p`` whitened parameters, constant over the space."""
    covariance: Tensor
    """``p x p``, theirs."""

    @property
    def mean_parameters(self) -> Tensor:
        """The whitened parameters that the report gives, ``p``."""
        ...

    @property
    def channels(self) -> tuple[int, ...]:
        """The outputs that the posterior is over."""
        ...

    def marginal_moments(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean, variance and its part due to the parameters, ``... x q x m`` each."""
        ...

    def joint_moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean ``... x q x m`` and covariance ``... x q x m x q x m``."""
        ...

    def cross_moments(self, x: Tensor, base: Tensor, part: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean (b), variance (b) and covariance (b x m) with ``base`` (m x d) of a channel.

        ``x`` is b x d; ``part`` counts the channels of the posterior.
        """
        ...

    def noise_variance(self) -> FloatArray:
        """Return the variance of one measurement of each channel, ``m``, in its unit squared."""
        ...

    def residuals(self) -> Tensor:
        """Return measured less fitted, ``n x m``."""
        ...

    @property
    def training_channels(self) -> tuple[int, ...]:
        """The channels that it was fitted to, including those of the posterior."""
        ...

    def leave_one_out(self) -> tuple[Tensor, Tensor]:
        """Return mean and variance of each experiment given all others.

        Each ``n`` by ``training_channels``.
        """
        ...

    def one_step_ahead_residuals(self) -> Tensor:
        """Return ``n x C`` whitened residuals, each experiment predicted from those before it."""
        ...


class PhysicsGPModel(Model):
    """A Gaussian posterior with gradients to the inputs through the physics.

    Outputs are correlated where they share physical parameters.

    Args:
        posteriors: of disjoint channels, independent of each other.
        outputs: channels in the order of the outputs; all where None.
    """

    def __init__(
        self, posteriors: Sequence[PhysicsPosterior], outputs: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        self.posteriors = tuple(posteriors)
        place = [c for b in self.posteriors for c in b.channels]
        self._outputs = tuple(range(len(place))) if outputs is None else tuple(outputs)
        self._order = [place.index(c) for c in self._outputs]

    @property
    def num_outputs(self) -> int:
        """How many outputs the posterior has."""
        return len(self._order)

    @property
    def batch_shape(self) -> torch.Size:
        """The model itself has no batch."""
        return torch.Size()

    def subset_output(self, idcs: list[int]) -> "PhysicsGPModel":
        """Return the model of some of the outputs."""
        return PhysicsGPModel(self.posteriors, [self._outputs[i] for i in idcs])

    def cross_moments(
        self, x: Tensor, base: Tensor, output: int = 0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean (b), variance (b) and covariance (b x m) of ``x`` (b x d) with ``base``."""
        channel = self._outputs[output]
        for posterior in self.posteriors:
            if channel in posterior.channels:
                return posterior.cross_moments(x, base, posterior.channels.index(channel))
        raise AssertionError(f"no posterior has channel {channel}")  # pragma: no cover

    def variance_parts(self, x: Tensor) -> VarianceParts:
        """Return mean and variance parts at ``x`` (N x d), ``N x m`` each."""
        found = [posterior.marginal_moments(x) for posterior in self.posteriors]
        mean, variance, parameters = (
            torch.cat(columns, -1)[..., self._order] for columns in zip(*found, strict=True)
        )
        parameters = torch.minimum(parameters, variance)
        noise = [self.noise_variance(i) for i in range(self.num_outputs)]
        return VarianceParts(
            mean,
            torch.tensor(noise, dtype=torch.float64).expand_as(variance),
            parameters,
            variance - parameters,
            torch.zeros_like(variance),
        )

    def noise_variance(self, output: int) -> float:
        """Return the variance of one measurement of an output, in its unit squared."""
        every = [float(v) for posterior in self.posteriors for v in posterior.noise_variance()]
        return every[self._order[output]]

    def posterior(
        self,
        X: Tensor,  # noqa: N803 - botorch's name
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Any = None,
    ) -> Any:
        """Return the joint posterior of ``q`` points for every batch of ``X`` (b x q x d)."""
        if output_indices is not None:
            return self.subset_output(output_indices).posterior(
                X, None, observation_noise, posterior_transform
            )
        means, posteriors = zip(
            *(posterior.joint_moments(X) for posterior in self.posteriors), strict=True
        )
        mean = torch.cat(means, -1)
        covariance = _block_diagonal(posteriors)[..., self._order, :, :][..., self._order]
        mean = mean[..., self._order]
        noise = torch.tensor(
            [self.noise_variance(i) for i in range(self.num_outputs)], dtype=torch.float64
        )
        extra = noise if observation_noise is True else 1e-6 * noise
        q, m = mean.shape[-2:]
        flat = covariance.flatten(-2).flatten(-3, -2)
        flat = flat + torch.diag(extra.repeat(q))
        if m == 1:
            posterior = GPyTorchPosterior(MultivariateNormal(mean.squeeze(-1), flat))
        else:
            posterior = GPyTorchPosterior(MultitaskMultivariateNormal(mean, flat))
        return posterior if posterior_transform is None else posterior_transform(posterior)


def _block_diagonal(posteriors: Sequence[Tensor]) -> Tensor:
    """Return ``... x q x M x q x M`` of several ``... x q x m x q x m``."""
    if len(posteriors) == 1:
        return posteriors[0]
    q = posteriors[0].shape[-2]
    sizes = [posterior.shape[-1] for posterior in posteriors]
    total = sum(sizes)
    joint = posteriors[0].new_zeros(*posteriors[0].shape[:-4], q, total, q, total)
    at = 0
    for posterior, size in zip(posteriors, sizes, strict=True):
        joint[..., :, at : at + size, :, at : at + size] = posterior
        at += size
    return joint
