"""What laws of the further labs share: Arrhenius' factor, steps in time, and the shape of a law."""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

Values = Mapping[str, Tensor]
Predict = Callable[[Values, Values], dict[str, Tensor]]
GAS, ZERO_C = 8.31446261815324e-3, 273.15


def hot(energy: Tensor, celsius: Tensor, at: float) -> Tensor:
    """Return how much faster a rate is than at ``at`` degC."""
    return torch.exp(-energy / GAS * (1.0 / (celsius + ZERO_C) - 1.0 / (at + ZERO_C)))


def steps(end: Tensor, number: int) -> Iterator[Tensor]:
    """Yield steps that grow, together as long as ``end``."""
    for i in range(number):
        yield end * (2 * i + 1) / number**2
