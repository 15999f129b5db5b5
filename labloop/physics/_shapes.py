"""Shapes that broadcast, with types."""

from typing import cast

import torch
from torch import Tensor


def common_shape(*tensors: Tensor) -> torch.Size:
    """Return the shape that the tensors broadcast to."""
    shapes = [tensor.shape for tensor in tensors]
    return cast("torch.Size", torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]  # torch forgot it


def stack_last(tensors: list[Tensor]) -> Tensor:
    """Return the tensors, broadcast to one shape, along a new last dimension."""
    shape = common_shape(*tensors)
    return torch.stack([tensor.expand(shape) for tensor in tensors], dim=-1)
