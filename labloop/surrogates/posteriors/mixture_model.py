"""A weighted mixture of models as one BoTorch model: each member draws its share of samples."""

from collections.abc import Sequence
from typing import Any

import torch
from botorch.models.model import Model
from botorch.posteriors.posterior import Posterior
from botorch.sampling.get_sampler import GetSampler
from botorch.sampling.normal import SobolQMCNormalSampler
from torch import Tensor

from labloop.surrogates.posteriors.variance_decomposition import VarianceParts, told_parts


class MixturePosterior(Posterior):
    """The posterior of a mixture: each member draws its share of the samples.

    ``mean`` and ``variance`` are those of the mixture; a sample comes from one member as a
    whole, so it is consistent over the ``q`` points.
    """

    def __init__(self, members: Sequence[Any], weights: Sequence[float]) -> None:
        self.members = tuple(members)
        self.weights = tuple(weights)

    @property
    def device(self) -> torch.device:
        """The device of the tensors."""
        device: torch.device = self.members[0].device
        return device

    @property
    def dtype(self) -> torch.dtype:
        """The type of the numbers."""
        dtype: torch.dtype = self.members[0].dtype
        return dtype

    @property
    def mean(self) -> Tensor:
        """The mean ``b x q x m``."""
        terms = [w * m.mean for w, m in zip(self.weights, self.members, strict=True)]
        return torch.stack(terms).sum(0)

    @property
    def variance(self) -> Tensor:
        """The variance ``b x q x m``: within members and between them."""
        mean = self.mean
        terms = [
            w * (m.variance + (m.mean - mean).square())
            for w, m in zip(self.weights, self.members, strict=True)
        ]
        return torch.stack(terms).sum(0)

    @property
    def base_sample_shape(self) -> torch.Size:
        """The shape of the normal draws of one sample."""
        shape: torch.Size = self.members[0].base_sample_shape
        return shape

    @property
    def batch_shape(self) -> torch.Size:
        """The shape ``b``."""
        shape: torch.Size = self.members[0].batch_shape
        return shape

    @property
    def batch_range(self) -> tuple[int, int]:
        """The batch dimensions, which a sampler may collapse."""
        found: tuple[int, int] = self.members[0].batch_range
        return found

    def _extended_shape(self, sample_shape: torch.Size = torch.Size()) -> torch.Size:  # noqa: B008 - botorch's own default
        """Return the shape of samples."""
        shape: torch.Size = self.members[0]._extended_shape(sample_shape)  # noqa: SLF001 - the protocol of botorch posteriors
        return shape

    def rsample_from_base_samples(self, sample_shape: torch.Size, base_samples: Tensor) -> Tensor:
        """Return samples ``sample_shape x b x q x m`` for given normal draws."""
        drawn = []
        at = 0
        for member, count in zip(
            self.members, allocate_samples(self.weights, sample_shape[0]), strict=True
        ):
            if count:
                shape = torch.Size([count, *sample_shape[1:]])
                drawn.append(member.rsample_from_base_samples(shape, base_samples[at : at + count]))
            at += count
        return torch.cat(drawn)

    def rsample(self, sample_shape: torch.Size | None = None) -> Tensor:
        """Return samples ``sample_shape x b x q x m`` with gradients."""
        shape = torch.Size([1]) if sample_shape is None else sample_shape
        counts = allocate_samples(self.weights, shape[0])
        return torch.cat(
            [
                member.rsample(torch.Size([count, *shape[1:]]))
                for member, count in zip(self.members, counts, strict=True)
                if count
            ]
        )


@GetSampler.register(MixturePosterior)  # type: ignore[untyped-decorator]  # botorch ships no types
def _sampler(
    posterior: MixturePosterior,  # noqa: ARG001 - dispatched on its type
    sample_shape: torch.Size,
    *,
    seed: int | None = None,
) -> SobolQMCNormalSampler:
    return SobolQMCNormalSampler(sample_shape=sample_shape, seed=seed)


def allocate_samples(weights: Sequence[float], count: int) -> list[int]:
    """Return how many of ``count`` samples each member draws (largest remainders)."""
    exact = [w * count for w in weights]
    whole = [int(e) for e in exact]
    by_rest = sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i], i))
    for i in by_rest[: count - sum(whole)]:
        whole[i] += 1
    return whole


class MixtureModel(Model):
    """Models over the same outputs with weights that sum to 1."""

    def __init__(self, members: Sequence[Any], weights: Sequence[float]) -> None:
        super().__init__()
        self.members = tuple(members)
        self.weights = tuple(weights)

    @property
    def num_outputs(self) -> int:
        """How many outputs the posterior has."""
        count: int = self.members[0].num_outputs
        return count

    @property
    def batch_shape(self) -> torch.Size:
        """The model itself has no batch."""
        return torch.Size()

    def subset_output(self, idcs: list[int]) -> "MixtureModel":
        """Return the mixture over some of the outputs."""
        return MixtureModel([m.subset_output(idcs) for m in self.members], self.weights)

    def variance_parts(self, x: Tensor) -> VarianceParts:
        """Return weighted mean and variance parts at ``x`` (N x d), and their spread."""
        return self._mixed([m.variance_parts(x) for m in self.members])

    def told_parts(self, x: Tensor) -> VarianceParts:
        """Return the same of what each member tells people."""
        return self._mixed([told_parts(m, x) for m in self.members])

    def _mixed(self, parts: Sequence[VarianceParts]) -> VarianceParts:
        weights = torch.tensor(self.weights, dtype=torch.float64)[:, None, None]

        def mixed(name: str) -> Tensor:
            found: Tensor = (weights * torch.stack([getattr(p, name) for p in parts])).sum(0)
            return found

        mean = mixed("mean")
        away = torch.stack([p.mean for p in parts]) - mean
        between = mixed("between") + (weights * away.square()).sum(0)
        noise, parameters, discrepancy = map(mixed, ("noise", "parameters", "discrepancy"))
        return VarianceParts(mean, noise, parameters, discrepancy, between)

    def posterior(
        self,
        X: Tensor,  # noqa: N803 - botorch's name
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Any = None,
    ) -> Any:
        """Return the mixture's posterior at ``X`` (b x q x d)."""
        made = [m.posterior(X, output_indices, observation_noise) for m in self.members]
        posterior = made[0] if len(made) == 1 else MixturePosterior(made, self.weights)
        return posterior if posterior_transform is None else posterior_transform(posterior)
