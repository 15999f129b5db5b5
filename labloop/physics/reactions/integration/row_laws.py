"""Rates that are arithmetic of concentrations, with their derivatives, over tensors or arrays."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from labloop.physics.language import Expression

LEAST = 1e-9
"""mol/m^3 below which concentrations are not taken: a root has no slope at zero."""
ARRAY_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "pow": np.power,
}
TENSOR_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "pow": torch.pow,
}
Given = Mapping[str, Any]
"""Name -> SI values of N experiments: a law's constants, and what else it reads."""


@dataclass(frozen=True)
class RowLaw:
    """The rate of one reaction as arithmetic, to be multiplied by its constant.

    Attributes:
        row: which reaction.
        expression: the rate in SI.
        species: species that it reads -> their row of the state.
        sizes: species -> the SI value of one of what the state counts it in; 1 where it is absent.
        size: that of what the reaction changes.
    """

    row: int
    expression: Expression
    species: Mapping[str, int]
    sizes: Mapping[str, float] = field(default_factory=dict)
    size: float = 1.0

    @cached_property
    def slopes(self) -> tuple[tuple[int, Expression, float], ...]:
        """Rows of the state, with the derivative of the rate by each, and its size."""
        found = (
            (row, self.expression.derivative(name), self.sizes.get(name, 1.0) / self.size)
            for name, row in self.species.items()
        )
        return tuple((row, slope, size) for row, slope, size in found if slope is not None)

    def rate(self, state: Any, given: Given, functions: Mapping[str, Callable[..., Any]]) -> Any:
        """Return the rate at concentrations ``state``, whose rows are indexed."""
        found = self.expression(self._values(state, given), functions)
        return found if self.size == 1.0 else found / self.size

    def by_species(
        self, state: Any, given: Given, functions: Mapping[str, Callable[..., Any]]
    ) -> Iterator[tuple[int, Any]]:
        """Yield rows of the state with the derivative of the rate by their concentration."""
        values = self._values(state, given)
        for row, slope, size in self.slopes:
            found = slope(values, functions)
            yield row, found if size == 1.0 else found * size

    def _values(self, state: Any, given: Given) -> dict[str, Any]:
        read = {}
        for name, row in self.species.items():
            size = self.sizes.get(name, 1.0)
            read[name] = state[row] if size == 1.0 else state[row] * size
        return {**given, **read}


def at_least(positive: Tensor, volume: Tensor | None) -> Tensor:
    """Return the concentrations of amounts in ``volume``, none of them zero."""
    concentrations = positive if volume is None else positive / volume
    return concentrations.clamp_min(LEAST)
