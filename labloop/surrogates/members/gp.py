"""The surrogate without physics: an exact Gaussian process for each output, as a BoTorch model."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from botorch.models.model import Model
from botorch.posteriors.gpytorch import GPyTorchPosterior
from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal
from torch import Tensor

from labloop.records import FloatArray, Json, ModelState
from labloop.surrogates._base import FittedSurrogate, TrainingData
from labloop.surrogates.members.outliers import doubt_alarm, sign_of
from labloop.surrogates.members.output_gp import CLEAR, OutputGP, fit_output
from labloop.surrogates.members.replicates import excess_variance
from labloop.surrogates.members.slack import bilog, slacks
from labloop.surrogates.numerics import (
    HARDLY_ANY_NOISE,
    MEAN_VARIANCE,
    NOISE,
    Kernel,
    build_kernel,
    cross_covariance,
    plausible_gps,
)
from labloop.surrogates.posteriors import VarianceParts, log_density_of_scores

_DRAWS, _AVERAGED = 12, 200
"""Draws of hyper-parameters for intervals, and up to how many results: more leave little open."""
_MOST = 600
"""Experiments that a process knows; of more a subset is taken."""


class GPModel(Model):
    """Exact GPs as a BoTorch model: Gaussian posterior, gradients to the inputs."""

    def __init__(self, encoded: Tensor, outputs: Sequence[OutputGP]) -> None:
        super().__init__()
        self.train_encoded = encoded
        self._outputs = tuple(outputs)
        self._drawn: dict[int, list[GPModel]] = {}
        self._solved = [
            (torch.tensor(o.gp.inverse_root), torch.tensor(o.gp.alpha)) for o in outputs
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

    def joint_moments(self, x: Tensor, output: int) -> tuple[Tensor, Tensor]:
        """Return mean ``b x q`` and covariance ``b x q x q`` of one output at ``x`` (b x q x d)."""
        made, (root, alpha) = self._outputs[output], self._solved[output]
        kernel, hyper = made.gp.kernel, made.gp.hyper
        cross = cross_covariance(kernel, hyper, x, self.train_encoded) + MEAN_VARIANCE
        half = cross @ root.T
        own = cross_covariance(kernel, hyper, x, x) + MEAN_VARIANCE
        covariance = own - half @ half.transpose(-1, -2)
        return made.mean + made.sd * (cross @ alpha), made.sd**2 * covariance

    def cross_moments(
        self, x: Tensor, base: Tensor, output: int = 0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean (b), variance (b) and covariance (b x m) of ``x`` (b x d) with ``base``.

        Cheaper than a joint posterior: one row a point instead of a matrix.
        """
        made, (root, alpha) = self._outputs[output], self._solved[output]
        kernel, hyper = made.gp.kernel, made.gp.hyper
        near = cross_covariance(kernel, hyper, x, self.train_encoded) + MEAN_VARIANCE
        half = near @ root.T
        base_half = (
            cross_covariance(kernel, hyper, base, self.train_encoded) + MEAN_VARIANCE
        ) @ root.T
        prior = float(hyper.weights.sum()) + MEAN_VARIANCE
        variance = (prior - half.square().sum(-1)).clamp_min(1e-10)
        covariance = cross_covariance(kernel, hyper, x, base) + MEAN_VARIANCE - half @ base_half.T
        mean = made.mean + made.sd * (near @ alpha)
        return mean, made.sd**2 * variance, made.sd**2 * covariance

    def variance_parts(self, x: Tensor) -> VarianceParts:
        """Return mean, noise and the GP's variance of the outputs at ``x`` (N x d)."""
        every = range(self.num_outputs)
        means, variances = zip(
            *(self.cross_moments(x, x[:1], output)[:2] for output in every), strict=True
        )
        mean, discrepancy = torch.stack(means, -1), torch.stack(variances, -1)
        none = torch.zeros_like(mean)
        noise = torch.tensor([self.noise_variance(output) for output in every], dtype=x.dtype)
        return VarianceParts(mean, noise.expand_as(none), none, discrepancy, none)

    def told_parts(self, x: Tensor) -> VarianceParts:
        """Return mean, noise and the GP's variance of the outputs at ``x`` (N x d).

        For what people are told: the average over hyper-parameters drawn from their posterior,
        where :meth:`variance_parts` takes the most probable ones. Mean and noise are the means of
        theirs, and the spread of their means belongs to the GP's variance.
        """
        parts = [self._averaged(x, output) for output in range(self.num_outputs)]
        mean, noise, discrepancy = (torch.stack(each, -1) for each in zip(*parts, strict=True))
        none = torch.zeros_like(mean)
        return VarianceParts(mean, noise, none, discrepancy, none)

    def _averaged(self, x: Tensor, output: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return mean, noise and variance of one output over plausible hyper-parameters."""
        every = self._plausible(output) or [self.subset_output([output])]
        found = zip(*(m.cross_moments(x, x[:1])[:2] for m in every), strict=True)
        means, variances = (torch.stack(each) for each in found)
        noise = sum(m.noise_variance(0) for m in every) / len(every)
        variance = variances.mean(0) + means.var(0, correction=0)
        return means.mean(0), torch.full_like(variance, noise), variance

    def _plausible(self, output: int) -> "list[GPModel]":
        """Return the models of one output by other hyper-parameters that the results allow."""
        if output not in self._drawn:
            made, few = self._outputs[output], len(self.train_encoded) <= _AVERAGED
            others = plausible_gps(made.gp, _DRAWS) if few else []
            self._drawn[output] = [
                GPModel(self.train_encoded, [replace(made, gp=gp)]) for gp in others
            ]
        return self._drawn[output]

    def noise_variance(self, output: int) -> float:
        """Return the variance of one measurement of an output, in its unit squared."""
        made = self._outputs[output]
        return made.sd**2 * made.gp.hyper.noise + made.known

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
            mean, covariance = self.joint_moments(X, index)
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


@dataclass(frozen=True, slots=True)
class GPFactory:
    """Fits exact Gaussian processes: ``BotorchStrategy(model=GPFactory(kernels=("rbf",)))``.

    Each output is learned from the experiments that have it.
    """

    takes_incomplete: ClassVar[bool] = True
    """Outputs may be NaN where they were not measured, see ``SurrogateFactory``."""
    kernels: tuple[str, ...] = ()
    """Names for ``build_kernel``; empty chooses by the space (see ``default_kernels``)."""
    name: str = "gp"
    noise: tuple[float, float] = NOISE
    """Mean and standard deviation of the prior of the log of the noise variance, see ``fit_gp``."""

    def fit(self, data: TrainingData) -> FittedSurrogate:
        """Return a GP for every output, the kernel of each chosen by leave-one-out."""
        began = time.perf_counter()
        data = data.thinned(_MOST)
        names = self.kernels or default_kernels(data)
        kernels = [build_kernel(name, data.features) for name in names]
        encoded = data.encoded.detach().to(torch.float64)
        x = np.asarray(encoded.numpy())
        outputs = [
            fit_output(
                kernels,
                x,
                data.outputs[:, j].numpy(),
                _known(data, j),
                sign_of(data, j),
                self.noise,
            )
            for j in range(data.outputs.shape[1])
        ]
        return FittedSurrogate(
            model=GPModel(encoded, outputs),
            slacks=self._slacks(kernels, data, encoded),
            name=self.name,
            loo_log_density=_leave_one_out(data, outputs),
            report=_report(data, outputs, time.perf_counter() - began),
            state=_state(data, outputs),
            alarms=tuple(
                doubt_alarm(name, one.doubted)
                for name, one in zip(data.names, outputs, strict=True)
                if one.doubted
            ),
        )

    def _slacks(
        self, kernels: Sequence[Kernel], data: TrainingData, encoded: Tensor
    ) -> GPModel | None:
        """Return a GP for each bound of an outcome constraint, None without any."""
        if not data.objective.constraints:
            return None
        x, made = np.asarray(encoded.numpy()), []
        for column, slack in slacks(data):
            known = _known(data, column)
            curved, slopes = bilog(slack)
            straight = fit_output(kernels, x, slack, known, noise=HARDLY_ANY_NOISE)
            bent_known = known * np.nan_to_num(slopes) ** 2
            bent = fit_output(kernels, x, curved, bent_known, noise=HARDLY_ANY_NOISE)
            # The slopes turn a density of bent distances into one of distances.
            turned = bent.log_density + float(np.nansum(np.log(slopes)))
            made.append(bent if turned > straight.log_density + CLEAR else straight)
        return GPModel(encoded, made)


def default_kernels(data: TrainingData) -> tuple[str, ...]:
    """Return the kernels worth comparing on a space by what its parameters are, the usual first."""
    kinds = {f.kind for f in data.features}
    several = len({f.parameter for f in data.features}) > 1
    if "descriptor" in kinds:
        # Descriptors may miss what matters, so a category also keeps an identity of its own.
        return ("smooth-additive-both",)
    if "onehot" in kinds:
        return ("additive", "matern") if several else ("matern",)
    return ("matern", "rbf")


def _known(data: TrainingData, output: int) -> FloatArray:
    """Return the variances that came with measurements, or that replicates have beyond others."""
    known = np.zeros(len(data.outputs))
    if data.variance is not None:
        known = np.nan_to_num(data.variance[:, output].numpy(), nan=0.0)
    rows, values = data.encoded.numpy(), data.outputs[:, output].numpy()
    told: FloatArray = known + excess_variance(rows, values, known)
    return told


def _leave_one_out(data: TrainingData, outputs: Sequence[OutputGP]) -> Tensor:
    mean = np.stack([o.mean + o.sd * o.gp.loo_mean for o in outputs], -1)
    sd = np.stack([o.sd * o.gp.loo_sd for o in outputs], -1)
    rows = data.complete.nonzero().flatten()
    found = torch.full((len(mean),), torch.nan, dtype=torch.float64)
    found[rows] = log_density_of_scores(
        data.rows(rows), torch.tensor(mean)[rows], torch.tensor(sd)[rows]
    )
    return found


def _report(data: TrainingData, outputs: Sequence[OutputGP], seconds: float) -> Mapping[str, Json]:
    return {
        "seconds": seconds,
        "outputs": {
            name: {
                "noise_sd": output.sd * math.sqrt(output.gp.hyper.noise),
                "doubted": list(output.doubted),
                "kernel": output.gp.kernel.name,
                "kernels": dict(output.scores),
                "lengthscales": {
                    g.label: float(length)
                    for g, length in zip(
                        output.gp.kernel.groups,
                        output.gp.hyper.lengthscales,
                        strict=True,
                    )
                },
            }
            for name, output in zip(data.names, outputs, strict=True)
        },
    }


def _state(data: TrainingData, outputs: Sequence[OutputGP]) -> ModelState:
    arrays: dict[str, FloatArray] = {}
    described: dict[str, Json] = {}
    for name, output in zip(data.names, outputs, strict=True):
        gp = output.gp
        described[name] = {
            "mean": output.mean,
            "sd": output.sd,
            "kernel": gp.kernel.name,
        }
        arrays[f"{name}/lengthscales"] = gp.hyper.lengthscales
        arrays[f"{name}/parts"] = gp.hyper.weights
        arrays[f"{name}/noise"] = np.array([gp.hyper.noise])
    return ModelState(kind="gp", schema=2, data=described, arrays=arrays)
