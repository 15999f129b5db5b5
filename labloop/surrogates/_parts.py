"""Where the uncertainty of a prediction comes from."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor


@dataclass(frozen=True, slots=True)
class VarianceParts:
    """Variances of one measurement at N points, ``N x m`` each, by where they come from.

    They add up to the variance of the prediction, noise included.
    """

    noise: Tensor
    """What a repeat of the same experiment would differ by (aleatoric)."""
    parameters: Tensor
    """What is not known of the constants of the physics."""
    discrepancy: Tensor
    """What is not known of that which the physics misses; without physics, of everything."""
    between: Tensor
    """What the members of a mixture disagree about."""


@runtime_checkable
class Parted(Protocol):
    """A model that can tell the parts of its variance."""

    def variance_parts(self, x: Tensor) -> VarianceParts:
        """Return the parts at ``x`` (N x d)."""
        ...
