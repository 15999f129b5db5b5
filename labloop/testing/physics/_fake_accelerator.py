"""A fake accelerator, for machines without one: tensors with values on a device of their own.

Tensors on torch's device ``meta`` have a shape but no values. Here they carry values, so that
what is solved "elsewhere" can be compared with the CPU, and an operation that mixes the two
devices is refused as CUDA refuses it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

ELSEWHERE = torch.device("meta")
"""The device whose tensors :func:`elsewhere` gives values."""
_CPU = torch.device("cpu")
_MOVES = ("aten::_to_copy", "aten::copy_")
_INDEXED = ("aten::index", "aten::index_put", "aten::index_put_")


class _FakeTensor(Tensor):
    """A tensor on the device ``meta`` with its values on the CPU."""

    numbers: Tensor

    def __new__(cls, inner: Tensor) -> Self:
        # Conjugation is a flag on a tensor, which the wrapper would hide.
        inner = inner.resolve_conj().resolve_neg()
        make: Any = torch.Tensor._make_wrapper_subclass  # noqa: SLF001 - how subclasses are made
        made: Self = make(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=ELSEWHERE,
        )
        made.numbers = inner
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]  # noqa: SLF001 - as above

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # as torch's own subclasses have it
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        del types
        return _dispatch(func, args, kwargs or {})


class _Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's
    """Intercepts operations that create tensors on the fake device or move them there."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        return _dispatch(func, args, kwargs or {})


class _Literals(TorchFunctionMode):
    """Intercepts ``torch.tensor``, which drops the values before a dispatch mode sees them."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        given = dict(kwargs or {})
        if func in {torch.tensor, torch.as_tensor} and _is_fake(given.get("device")):
            given["device"] = _CPU
            return func(*args, **given).to(ELSEWHERE)
        return func(*args, **given)


def _is_fake(device: Any) -> bool:
    return device is not None and torch.device(device).type == ELSEWHERE.type


def _dispatch(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Return the result of an operation, with values computed on the CPU."""
    given = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, Tensor)]
    away = [t for t in given if isinstance(t, _FakeTensor)]
    _refuse_mixing(func, args, [t for t in given if not isinstance(t, _FakeTensor)] if away else [])
    device = kwargs.get("device")
    fake_result = bool(away) if device is None else _is_fake(device)
    if _is_fake(device):
        kwargs = {**kwargs, "device": _CPU}
    found = func(*tree_map(_unwrap, args), **tree_map(_unwrap, kwargs))
    if func._schema.is_mutable:  # noqa: SLF001 - torch has no public way
        return args[0]
    return tree_map(_wrap, found) if fake_result else found


def _refuse_mixing(func: Any, args: Any, here: list[Tensor]) -> None:
    name = func._schema.name  # noqa: SLF001 - as above
    numbers = torch.Tag.pointwise in func.tags and all(t.dim() == 0 for t in here)
    indexed = name in _INDEXED and isinstance(args[0], _FakeTensor)
    if here and name not in _MOVES and not numbers and not indexed:
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two devices, "
            f"{ELSEWHERE} and {_CPU} (in {name})"
        )


def _unwrap(value: Any) -> Any:
    return value.numbers if isinstance(value, _FakeTensor) else value


def _wrap(value: Any) -> Any:
    return _FakeTensor(value) if isinstance(value, Tensor) else value


@contextmanager
def elsewhere() -> Iterator[torch.device]:
    """Give tensors of the device ``meta`` values while the block runs; yields that device.

    Code that works there works on CUDA as far as devices are concerned: every tensor that meets
    one of the fake device must be on it, except scalars. It says nothing about CUDA's accuracy
    and speed.
    """
    with _Literals(), _Operations():  # type: ignore[no-untyped-call]  # torch's
        yield ELSEWHERE
