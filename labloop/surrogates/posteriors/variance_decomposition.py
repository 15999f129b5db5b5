"""Where the uncertainty of a prediction comes from."""

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
    """What a repeat of the same experiment would differ by (aleatoric)."""
    parameters: Tensor
    """What is not known of the constants of the physics."""
    discrepancy: Tensor
    """What is not known of that which the physics misses; without physics, of everything."""
    between: Tensor
    """What the members of a mixture disagree about."""


@runtime_checkable
class Parted(Protocol):
    """A model that can tell where the uncertainty of its predictions comes from."""

    def variance_parts(self, x: Tensor) -> VarianceParts:
        """Return means and parts at ``x`` (N x d)."""
        ...
