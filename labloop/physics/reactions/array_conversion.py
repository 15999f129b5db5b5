"""Where arrays may stand in for tensors: plain numbers on the processor, no gradient asked for."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.forward_ad import unpack_dual

from labloop.records import FloatArray


def converts_to_array(tensor: Tensor) -> bool:
    """Return whether a tensor is nothing but numbers on the processor: no gradient, no batch."""
    # What vmap and grad of torch.func wrap has no numbers of its own, and nothing public says so.
    wrapped: Any = torch._C._functorch.is_functorch_wrapped_tensor  # noqa: SLF001 - as above
    if wrapped(tensor) or tensor.device.type != "cpu":
        return False
    if torch.is_grad_enabled() and tensor.requires_grad:
        return False
    dual: Any = unpack_dual
    return dual(tensor).tangent is None


def to_array(tensor: Tensor) -> FloatArray:
    """Return the numbers of a plain tensor, row by row in memory."""
    found: FloatArray = np.ascontiguousarray(tensor.detach().to(torch.float64).numpy())
    return found
