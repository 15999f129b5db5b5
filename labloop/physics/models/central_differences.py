"""Gradients by central differences, for functions that give none of their own."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Evaluate: TypeAlias = Callable[[Sequence[Tensor]], tuple[Tensor, ...]]
"""From values that broadcast to the shape of the experiments to outputs of that shape."""

_RELATIVE_STEP = torch.finfo(torch.float64).eps ** (1 / 3)
"""The step over the size of a value, which balances truncation and rounding (Nocedal & Wright,
Numerical Optimization, section 8.1)."""
_SMALLEST = 1e-3
"""A value below this share of the largest one takes the step of that share."""


class CentralDifferences(torch.autograd.Function):
    """``evaluate(values)`` with a backward pass that calls it twice for each value.

    Where one side of a value is outside of the function's domain (not finite) the difference
    is taken on the other side alone.
    """

    @staticmethod
    def forward(ctx: Any, evaluate: Evaluate, dimensions: int, *values: Tensor) -> Any:
        """Return the outputs; ``dimensions`` are those of the experiments' shape."""
        ctx.evaluate, ctx.dimensions = evaluate, dimensions
        ctx.save_for_backward(*values)
        return tuple(output.clone() for output in evaluate(values))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        """Return the gradients by each value."""
        values: tuple[Tensor, ...] = ctx.saved_tensors
        outputs = ctx.evaluate(values)
        found: list[Tensor | None] = []
        for i, value in enumerate(values):
            if not ctx.needs_input_grad[i + 2]:
                found.append(None)
                continue
            total = torch.zeros_like(value)
            slopes = _slopes(ctx.evaluate, values, i, outputs, ctx.dimensions)
            for slope, gradient in zip(slopes, gradients, strict=True):
                share = torch.where(gradient == 0.0, 0.0, gradient * slope)
                if share.dim() > ctx.dimensions:  # the points of a curve
                    share = share.sum(-1)
                total = total + share.sum_to_size(value.shape)
            found.append(total)
        return None, None, *found


def _slopes(
    evaluate: Evaluate,
    values: Sequence[Tensor],
    index: int,
    outputs: Sequence[Tensor],
    dimensions: int,
) -> list[Tensor]:
    """Return the derivative of each output by one value, of the output's shape."""
    value = values[index]
    size = value.abs()
    largest = size.max() if size.numel() else torch.ones(())
    size = size.clamp_min(_SMALLEST * float(largest) if float(largest) > 0.0 else 1.0)
    # The step that is really taken, which a sum of floats rounds.
    step = (value + _RELATIVE_STEP * size) - value
    ends = [
        evaluate([*values[:index], value + sign * step, *values[index + 1 :]])
        for sign in (1.0, -1.0)
    ]
    slopes = []
    for here, above, below in zip(outputs, *ends, strict=True):
        wide = step.unsqueeze(-1) if here.dim() > dimensions else step
        both = (above - below) / (2.0 * wide)
        one = torch.where(torch.isfinite(above), above - here, here - below) / wide
        slopes.append(torch.where(torch.isfinite(both), both, one))
    return slopes
