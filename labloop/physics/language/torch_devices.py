"""The torch device on which physics is solved: that of its inputs."""

from contextlib import AbstractContextManager, nullcontext

from torch import Tensor


def on_device_of(inputs: Tensor) -> AbstractContextManager[object]:
    """Return a context in which new tensors are made on the device of ``inputs``.

    It also affects tensors that a user's function makes. On the processor it does nothing.
    """
    return nullcontext() if inputs.device.type == "cpu" else inputs.device
