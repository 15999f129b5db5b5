"""Where physics is solved: beside its inputs, on whichever device of torch they lie."""

from contextlib import AbstractContextManager, nullcontext

from torch import Tensor


def on_device_of(inputs: Tensor) -> AbstractContextManager[object]:
    """Return a context in which new tensors are made on the device of ``inputs``.

    It reaches into functions that a user wrote for the processor. On the processor it is
    nothing at all, so that nothing changes there.
    """
    return nullcontext() if inputs.device.type == "cpu" else inputs.device
