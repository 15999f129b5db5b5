"""The plain surrogate: exact Gaussian processes, one an output, averaged over kernels.

No kernel wins everywhere, and which one does can be told from the data: each round every
kernel predicts each measurement from all the others in closed form (Sundararajan and Keerthi
2001), and the kernels are weighted by these densities.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from botorch.models.model import Model
from botorch.posteriors.gpytorch import GPyTorchPosterior
from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal
from torch import Tensor

from labloop.records import FloatArray, Json, ModelState
from labloop.surrogates._base import FittedSurrogate, TrainingData
from labloop.surrogates._fit import MEAN_VARIANCE, Component, fit_component
from labloop.surrogates._kernels import Kernel, build_kernel, cross
from labloop.surrogates._parts import VarianceParts
from labloop.surrogates._scores import log_density_of_scores, softmax_weights

_SMALLEST_WEIGHT = 1e-2
_MOST = 500
"""Experiments that are learned from; more of them are thinned out."""


@dataclass(frozen=True, slots=True)
class OutputModel:
    """The weighted processes of one output and the standardisation between."""

    components: tuple[Component, ...]
    weights: FloatArray
    mean: float
    sd: float


class GPModel(Model):
    """Exact processes as a BoTorch model: Gaussian posterior, gradients to the inputs.

    A mixture of kernels is matched in its first two moments, so that every acquisition
    function works on it.
    """

    def __init__(self, encoded: Tensor, outputs: Sequence[OutputModel]) -> None:
        super().__init__()
        self.train_encoded = encoded
        self._outputs = tuple(outputs)
        self._solved = [
            [(torch.tensor(c.inverse_root), torch.tensor(c.alpha)) for c in output.components]
            for output in outputs
        ]

    @property
    def num_outputs(self) -> int:
        """How many outputs the posterior has."""
        return len(self._outputs)

    @property
    def batch_shape(self) -> torch.Size:
        """The model itself has no batch."""
        return torch.Size()

    def subset_output(self, idcs: list[int]) -> "GPModel":
        """Return the model of some of the outputs."""
        return GPModel(self.train_encoded, [self._outputs[i] for i in idcs])

    def moments(self, x: Tensor, output: int) -> tuple[Tensor, Tensor]:
        """Return mean ``b x q`` and covariance ``b x q x q`` of one output at ``x`` (b x q x d)."""
        made = self._outputs[output]
        means, covariances = [], []
        for component, (root, alpha) in zip(made.components, self._solved[output], strict=True):
            kernel, hyper = component.kernel, component.hyper
            towards = cross(kernel, hyper, x, self.train_encoded) + MEAN_VARIANCE
            half = towards @ root.T
            own = cross(kernel, hyper, x, x) + MEAN_VARIANCE
            means.append(towards @ alpha)
            covariances.append(own - half @ half.transpose(-1, -2))
        mean, covariance = match_moments(made.weights, means, covariances)
        return made.mean + made.sd * mean, made.sd**2 * covariance

    def towards(self, x: Tensor, base: Tensor, output: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean (b), variance (b) and covariance (b x m) of ``x`` (b x d) with ``base``.

        It costs one row a point, where a joint posterior costs a matrix.
        """
        made = self._outputs[output]
        means, base_means, variances, covariances = [], [], [], []
        for component, (root, alpha) in zip(made.components, self._solved[output], strict=True):
            kernel, hyper = component.kernel, component.hyper
            near = cross(kernel, hyper, x, self.train_encoded) + MEAN_VARIANCE
            far = cross(kernel, hyper, base, self.train_encoded) + MEAN_VARIANCE
            half, base_half = near @ root.T, far @ root.T
            means.append(near @ alpha)
            base_means.append(far @ alpha)
            prior = float(hyper.weights.sum()) + MEAN_VARIANCE
            variances.append((prior - half.square().sum(-1)).clamp_min(1e-10))
            covariances.append(cross(kernel, hyper, x, base) + MEAN_VARIANCE - half @ base_half.T)
        weights = torch.tensor(made.weights)
        stacked, base_stacked = torch.stack(means), torch.stack(base_means)
        mean, base_mean = weights @ stacked, weights @ base_stacked
        away, base_away = stacked - mean, base_stacked - base_mean
        variance = weights @ (torch.stack(variances) + away.square())
        between = away.unsqueeze(-1) * base_away.unsqueeze(-2)
        covariance = torch.tensordot(weights, torch.stack(covariances) + between, dims=1)
        return made.mean + made.sd * mean, made.sd**2 * variance, made.sd**2 * covariance

    def variance_parts(self, x: Tensor) -> VarianceParts:
        """Return means, noise and what is not known of the outputs at ``x`` (N x d)."""
        every = range(self.num_outputs)
        means, variances = zip(
            *(self.towards(x, x[:1], output)[:2] for output in every), strict=True
        )
        mean, discrepancy = torch.stack(means, -1), torch.stack(variances, -1)
        none = torch.zeros_like(mean)
        noise = torch.tensor([self.noise_variance(output) for output in every], dtype=x.dtype)
        return VarianceParts(mean, noise.expand_as(none), none, discrepancy, none)

    def noise_variance(self, output: int) -> float:
        """Return the variance of one measurement of an output, in its unit squared."""
        made = self._outputs[output]
        noises = [c.hyper.noise for c in made.components]
        return made.sd**2 * float(np.dot(made.weights, noises))

    def posterior(
        self,
        X: Tensor,  # noqa: N803 - botorch's name
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Any = None,
    ) -> Any:
        """Return the joint posterior of ``q`` points for every batch of ``X`` (b x q x d)."""
        indices = list(range(self.num_outputs)) if output_indices is None else output_indices
        normals = []
        for index in indices:
            mean, covariance = self.moments(X, index)
            jitter = 1e-8 * self._outputs[index].sd ** 2
            if observation_noise is True:
                jitter += self.noise_variance(index)
            eye = torch.eye(X.shape[-2], dtype=X.dtype)
            normals.append(MultivariateNormal(mean, covariance + jitter * eye))
        joint = (
            normals[0]
            if len(normals) == 1
            else MultitaskMultivariateNormal.from_independent_mvns(normals)
        )
        posterior = GPyTorchPosterior(joint)
        return posterior if posterior_transform is None else posterior_transform(posterior)


def match_moments(
    weights: FloatArray, means: Sequence[Tensor], covariances: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Return mean and covariance of a mixture of normals (``b x q`` and ``b x q x q`` each)."""
    if len(means) == 1:
        return means[0], covariances[0]
    mean = sum((float(w) * m for w, m in zip(weights, means, strict=True)), torch.zeros(()))
    covariance = torch.zeros(())
    for weight, single, spread in zip(weights, means, covariances, strict=True):
        away = single - mean
        between = away.unsqueeze(-1) * away.unsqueeze(-2)
        covariance = covariance + float(weight) * (spread + between)
    return mean, covariance


@dataclass(frozen=True, slots=True)
class GPFactory:
    """Fits exact Gaussian processes: ``BotorchStrategy(model=GPFactory(kernels=("rbf",)))``."""

    kernels: tuple[str, ...] = ()
    """Names for ``build_kernel``; empty chooses by the space (see ``default_kernels``)."""
    temperature: float = 1.0
    """The log densities are divided by it before they become weights."""
    name: str = "gp"

    def fit(self, data: TrainingData) -> FittedSurrogate:
        """Return the processes of every output, kernels weighted by leave-one-out."""
        began = time.perf_counter()
        data = data.thinned(_MOST)
        names = self.kernels or default_kernels(data)
        kernels = [build_kernel(name, data.features) for name in names]
        encoded = data.encoded.detach().to(torch.float64)
        x = np.asarray(encoded.numpy())
        outputs = [
            self._fit_output(kernels, x, data.outputs[:, j].numpy(), _known(data, j))
            for j in range(data.outputs.shape[1])
        ]
        return FittedSurrogate(
            model=GPModel(encoded, outputs),
            name=self.name,
            loo_log_density=_leave_one_out(data, outputs),
            report=_report(data, outputs, time.perf_counter() - began),
            state=_state(data, outputs),
        )

    def _fit_output(
        self, kernels: Sequence[Kernel], x: FloatArray, y: FloatArray, known: FloatArray
    ) -> OutputModel:
        mean = float(y.mean())
        sd = float(y.std(ddof=1)) if len(y) > 1 else 0.0
        if sd <= 1e-12 * max(1.0, abs(mean)):
            sd = 1.0
        fitted = [fit_component(k, x, (y - mean) / sd, known / sd**2) for k in kernels]
        density = [_normal_log_density((y - mean) / sd, c.loo_mean, c.loo_sd) for c in fitted]
        weights = softmax_weights(np.array([d.sum() for d in density]) / self.temperature)
        kept = [i for i, w in enumerate(weights) if w >= _SMALLEST_WEIGHT]
        share = weights[kept] / weights[kept].sum()
        return OutputModel(tuple(fitted[i] for i in kept), share, mean, sd)


def default_kernels(data: TrainingData) -> tuple[str, ...]:
    """Return the kernels worth comparing on a space: by what its parameters are."""
    kinds = {f.kind for f in data.features}
    several = len({f.parameter for f in data.features}) > 1
    if "descriptor" in kinds:
        # Descriptors alone mislead where they miss what matters; a category stays itself too.
        return ("both", "additive-both")
    if "onehot" in kinds:
        return ("matern", "additive") if several else ("matern",)
    return ("matern", "rbf")


def _known(data: TrainingData, output: int) -> FloatArray:
    if data.variance is None:
        return np.zeros(len(data.outputs))
    known: FloatArray = np.nan_to_num(data.variance[:, output].numpy(), nan=0.0)
    return known


def _normal_log_density(y: FloatArray, mean: FloatArray, sd: FloatArray) -> FloatArray:
    density = -0.5 * ((y - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2.0 * np.pi)
    clipped: FloatArray = np.maximum(density, -8.0)
    return clipped


def _leave_one_out(data: TrainingData, outputs: Sequence[OutputModel]) -> Tensor:
    means, variances = [], []
    for output in outputs:
        stack = np.stack([c.loo_mean for c in output.components])
        spread = np.stack([c.loo_sd for c in output.components]) ** 2
        mean = output.weights @ stack
        variance = output.weights @ (spread + stack**2) - mean**2
        means.append(output.mean + output.sd * mean)
        variances.append(output.sd**2 * variance)
    return log_density_of_scores(
        data, torch.tensor(np.stack(means, -1)), torch.tensor(np.stack(variances, -1)).sqrt()
    )


def _report(
    data: TrainingData, outputs: Sequence[OutputModel], seconds: float
) -> Mapping[str, Json]:
    return {
        "seconds": seconds,
        "outputs": {
            name: {
                "noise_sd": output.sd
                * float(
                    np.sqrt(np.dot(output.weights, [c.hyper.noise for c in output.components]))
                ),
                "kernels": {
                    c.kernel.name: {
                        "weight": float(w),
                        "lengthscales": {
                            g.label: float(length)
                            for g, length in zip(c.kernel.groups, c.hyper.lengthscales, strict=True)
                        },
                    }
                    for c, w in zip(output.components, output.weights, strict=True)
                },
            }
            for name, output in zip(data.names, outputs, strict=True)
        },
    }


def _state(data: TrainingData, outputs: Sequence[OutputModel]) -> ModelState:
    arrays: dict[str, FloatArray] = {}
    described: dict[str, Json] = {}
    for name, output in zip(data.names, outputs, strict=True):
        described[name] = {
            "mean": output.mean,
            "sd": output.sd,
            "kernels": [c.kernel.name for c in output.components],
        }
        arrays[f"{name}/weights"] = output.weights
        for component in output.components:
            where = f"{name}/{component.kernel.name}"
            arrays[f"{where}/lengthscales"] = component.hyper.lengthscales
            arrays[f"{where}/parts"] = component.hyper.weights
            arrays[f"{where}/noise"] = np.array([component.hyper.noise])
    return ModelState(kind="gp", schema=1, data=described, arrays=arrays)
