"""The decomposition of a predictive variance into its sources."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor


@dataclass(frozen=True, slots=True)
class VarianceParts:
    """Means of N points and variances of one measurement there, ``N x m`` each.

    The four variances add up to that of the prediction, noise included.
    """

    mean: Tensor
    noise: Tensor
    """Of a repeat of the same experiment (aleatoric)."""
    parameters: Tensor
    """Due to the uncertainty of the physics' parameters."""
    discrepancy: Tensor
    """Due to what the physics misses (the GP); without physics, the whole epistemic variance."""
    between: Tensor
    """Between the means of a mixture's members."""


@runtime_checkable
class Parted(Protocol):
    """A model that can decompose its predictive variance."""

    def variance_parts(self, x: Tensor) -> VarianceParts:
        """Return means and parts at ``x`` (N x d)."""
        ...


@runtime_checkable
class Told(Protocol):
    """A model whose intervals for people hold more than those it is searched with."""

    def told_parts(self, x: Tensor) -> VarianceParts:
        """Return means and parts at ``x`` (N x d) as people are told them."""
        ...


def told_parts(model: Parted, x: Tensor) -> VarianceParts:
    """Return what people are told of a model at ``x`` (N x d): the widest that it knows."""
    return model.told_parts(x) if isinstance(model, Told) else model.variance_parts(x)
