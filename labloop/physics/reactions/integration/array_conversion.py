"""Tensors as NumPy arrays, where no gradient is asked for and they are on the processor."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.forward_ad import unpack_dual

from labloop.records import FloatArray


def converts_to_array(tensor: Tensor) -> bool:
    """Return whether a tensor is on the processor, without gradient or functorch transform."""
    # Tensors wrapped by vmap and grad of torch.func have no values; torch has no public test.
    wrapped: Any = torch._C._functorch.is_functorch_wrapped_tensor  # noqa: SLF001 - as above
    if wrapped(tensor) or tensor.device.type != "cpu":
        return False
    if torch.is_grad_enabled() and tensor.requires_grad:
        return False
    dual: Any = unpack_dual
    return dual(tensor).tangent is None


def to_array(tensor: Tensor) -> FloatArray:
    """Return a tensor that :func:`converts_to_array` as a C-contiguous float64 array."""
    found: FloatArray = np.ascontiguousarray(tensor.detach().to(torch.float64).numpy())
    return found
