"""An accelerator for machines that have none: tensors with numbers on a device of their own.

Tensors on the device ``meta`` have shapes but no numbers. Here they keep their numbers beside,
so that what is solved "elsewhere" can be compared with the processor, and an operation that
mixes the two places is refused as CUDA refuses it.
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
"""The device that :func:`elsewhere` gives numbers."""
_HERE = torch.device("cpu")
_MOVES = ("aten::_to_copy", "aten::copy_")
_INDEXED = ("aten::index", "aten::index_put", "aten::index_put_")


class _Away(Tensor):
    """A tensor that says it lies elsewhere; ``numbers`` are kept here."""

    numbers: Tensor

    def __new__(cls, inner: Tensor) -> Self:
        # Conjugates are kept as a mark on a tensor, which would be lost from sight within.
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
        return _carried_out(func, args, kwargs or {})


class _Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's
    """Takes what makes tensors elsewhere, or moves them there."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        return _carried_out(func, args, kwargs or {})


class _Literals(TorchFunctionMode):
    """Takes ``torch.tensor`` elsewhere, which forgets the numbers before they are seen above."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        given = dict(kwargs or {})
        if func in {torch.tensor, torch.as_tensor} and _there(given.get("device")):
            given["device"] = _HERE
            return func(*args, **given).to(ELSEWHERE)
        return func(*args, **given)


def _there(device: Any) -> bool:
    return device is not None and torch.device(device).type == ELSEWHERE.type


def _carried_out(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Return what an operation gives, its numbers computed on the processor."""
    given = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, Tensor)]
    away = [t for t in given if isinstance(t, _Away)]
    _refuse_mixing(func, args, [t for t in given if not isinstance(t, _Away)] if away else [])
    device = kwargs.get("device")
    there = bool(away) if device is None else _there(device)
    if _there(device):
        kwargs = {**kwargs, "device": _HERE}
    found = func(*tree_map(_inner, args), **tree_map(_inner, kwargs))
    if func._schema.is_mutable:  # noqa: SLF001 - torch tells it nowhere else
        return args[0]
    return tree_map(_away, found) if there else found


def _refuse_mixing(func: Any, args: Any, here: list[Tensor]) -> None:
    name = func._schema.name  # noqa: SLF001 - as above
    numbers = torch.Tag.pointwise in func.tags and all(t.dim() == 0 for t in here)
    indexed = name in _INDEXED and isinstance(args[0], _Away)
    if here and name not in _MOVES and not numbers and not indexed:
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two devices, "
            f"{ELSEWHERE} and {_HERE} (in {name})"
        )


def _inner(value: Any) -> Any:
    return value.numbers if isinstance(value, _Away) else value


def _away(value: Any) -> Any:
    return _Away(value) if isinstance(value, Tensor) else value


@contextmanager
def elsewhere() -> Iterator[torch.device]:
    """Give the device ``meta`` numbers meanwhile, and yield it.

    What works there works on CUDA as far as places go: every tensor that meets one from there
    must lie there, but for single numbers. How exact and how quick CUDA is it cannot tell.
    """
    with _Literals(), _Operations():  # type: ignore[no-untyped-call]  # torch's
        yield ELSEWHERE
