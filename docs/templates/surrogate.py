"""A surrogate: straight lines in the encoded inputs, with what is not known of them.

``BotorchStrategy(model=LineFactory(), name="lines")`` uses it as it stands. To ship it, copy into
``labloop/surrogates/members/``; where it is one of several that are weighed against each other,
``labloop/surrogates/mixture/`` says which. Tell the faces, ``docs/how-to/strategies.md`` and
CHANGELOG.md of it, and run the contract of the strategy that uses it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from botorch.models.model import Model
from botorch.posteriors.gpytorch import GPyTorchPosterior
from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal
from torch import Tensor

from labloop.surrogates import FittedSurrogate, TrainingData, log_density_of_scores

_SLOPES = 4.0
"""Prior variance of each slope, over the unit cube, of a standardised output."""
_NOISES = (0.01, 0.1, 1.0)
"""Noise variances of a standardised output that are tried."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One output: its standardisation, its noise, and the solved normal equations."""

    mean: float
    sd: float
    noise: float
    weights: Tensor
    inverse: Tensor
    loo_mean: Tensor
    loo_sd: Tensor


class LineModel(Model):
    """Bayesian linear regression (Bishop 2006, section 3.3) as a BoTorch model."""

    def __init__(self, lines: Sequence[_Line]) -> None:
        super().__init__()
        self._lines = tuple(lines)

    @property
    def num_outputs(self) -> int:
        """How many outputs the posterior has."""
        return len(self._lines)

    @property
    def batch_shape(self) -> torch.Size:
        """The model itself has no batch."""
        return torch.Size()

    def subset_output(self, idcs: list[int]) -> "LineModel":
        """Return the model of some of the outputs."""
        return LineModel([self._lines[i] for i in idcs])

    def posterior(
        self,
        X: Tensor,  # noqa: N803 - botorch's name
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Any = None,
    ) -> Any:
        """Return the joint posterior of ``q`` points for every batch of ``X`` (b x q x d)."""
        every = range(self.num_outputs) if output_indices is None else output_indices
        columns = _with_constant(X)
        eye = torch.eye(X.shape[-2], dtype=X.dtype)
        normals = []
        for line in (self._lines[i] for i in every):
            covariance = columns @ line.inverse @ columns.transpose(-1, -2)
            noise = line.noise if observation_noise is True else 0.0
            normals.append(
                MultivariateNormal(
                    line.mean + line.sd * (columns @ line.weights),
                    line.sd**2 * (covariance + (1e-8 + noise) * eye),
                )
            )
        joint = (
            normals[0]
            if len(normals) == 1
            else MultitaskMultivariateNormal.from_independent_mvns(normals)
        )
        posterior = GPyTorchPosterior(joint)
        return posterior if posterior_transform is None else posterior_transform(posterior)


@dataclass(frozen=True, slots=True)
class LineFactory:
    """Fits a line to every output; a pure function of the data."""

    name: str = "lines"

    def fit(self, data: TrainingData) -> FittedSurrogate:
        """Return the lines of ``data``, each with the noise that predicts best what is left out."""
        columns = _with_constant(data.encoded)
        lines = [_fit(columns, y) for y in data.outputs.T]
        mean = torch.stack([line.mean + line.sd * line.loo_mean for line in lines], -1)
        sd = torch.stack([line.sd * line.loo_sd for line in lines], -1)
        return FittedSurrogate(
            model=LineModel(lines),
            name=self.name,
            loo_log_density=log_density_of_scores(data, mean, sd),
        )


def _with_constant(x: Tensor) -> Tensor:
    """Return ``... x (d + 1)``: the inputs about the middle of the cube, and a constant."""
    return torch.cat([x - 0.5, torch.ones_like(x[..., :1])], -1)


def _fit(columns: Tensor, y: Tensor) -> _Line:
    mean, sd = float(y.mean()), float(y.std(unbiased=False))
    sd = sd if sd > 1e-12 * float(y.abs().max()) else float(y.abs().max()) or 1.0
    found = [_solved(columns, (y - mean) / sd, noise) for noise in _NOISES]
    densities = [
        float((-0.5 * (((y - mean) / sd - m) / s).square() - s.log()).sum()) for _, _, m, s in found
    ]
    best = max(range(len(_NOISES)), key=densities.__getitem__)
    return _Line(mean, sd, _NOISES[best], *found[best])


def _solved(columns: Tensor, y: Tensor, noise: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return weights, their covariance, and mean and sd of each value from all the others.

    Leave-one-out in closed form: Rasmussen and Williams 2006, equation 5.12.
    """
    prior = torch.eye(columns.shape[-1], dtype=columns.dtype) / _SLOPES
    inverse = torch.linalg.inv(columns.T @ columns / noise + prior)
    weights = inverse @ columns.T @ y / noise
    own = _SLOPES * columns @ columns.T + noise * torch.eye(len(y), dtype=y.dtype)
    precision = torch.linalg.inv(own)
    spread = precision.diagonal()
    return weights, inverse, y - (precision @ y) / spread, spread.rsqrt()
