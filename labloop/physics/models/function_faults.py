"""What went wrong in a user's function, in one sentence with its line."""

import functools
from collections.abc import Iterable
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
from torch import Tensor

_ONE_NUMBER = (
    "only one element tensors can be converted",
    "cannot be converted to Scalar",
    "only 0-dimensional arrays can be converted",
    "only length-1 arrays can be converted",
)
_TRUTH = ("Boolean value of Tensor", "truth value of an array")


def place_in(function: Any, error: BaseException | None = None) -> str:
    """Return where ``error`` was raised in the file of ``function``, as ``, line 7 of mine.py,``.

    Without an error, where the function begins; empty where it is not written in Python.
    """
    code = _code_of(function)
    if code is None:
        return ""
    line = code.co_firstlineno
    trace = error.__traceback__ if error is not None else None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == code.co_filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", line {line} of {Path(code.co_filename).name},"


def _code_of(function: Any) -> CodeType | None:
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__wrapped__", function)
    found = getattr(function, "__code__", None)
    if found is None:
        found = getattr(vars(type(function)).get("__call__"), "__code__", None)
    return found if isinstance(found, CodeType) else None


def describe(error: BaseException, inputs: Iterable[str], parameters: Iterable[str]) -> str:
    """Return what an error in a function means and what to write instead."""
    said = str(error)
    declared = f"its inputs are {', '.join(inputs)}, its parameters {', '.join(parameters)}"
    if isinstance(error, KeyError):
        return f"reads {error}, which it does not declare; {declared}"
    if isinstance(error, AttributeError) and isinstance(error.obj, (dict, Tensor, np.ndarray)):
        return _of_attribute(error.name, error.obj, declared)
    if any(part in said for part in _TRUTH):
        return (
            "takes a decision (if, and, or, min, max) over the values of many experiments at once; "
            "write torch.where(condition, a, b), torch.minimum or torch.maximum, or those of NumPy"
        )
    if any(part in said for part in _ONE_NUMBER):
        return (
            "needs one number (math.exp, float, torch.tensor([...])) where the values of many "
            "experiments come at once; write torch.exp, torch.stack, or those of NumPy"
        )
    first = said.splitlines()[0] if said else ""
    return f"raised {type(error).__name__}: {first}".removesuffix(": ")


def _of_attribute(name: str | None, asked: Any, declared: str) -> str:
    if not isinstance(asked, dict):
        return (
            f"asks a value for .{name}, which it does not have; values are plain numbers in the "
            "units that were declared"
        )
    if name in asked:
        return f"asks for .{name}; inputs and parameters are read by name in brackets, [{name!r}]"
    return f"asks for .{name}, which it does not declare; {declared}"


def described_type(value: object) -> str:
    """Return what a returned value is, where it is neither tensor nor array of numbers."""
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, (bool, int, float)):
        return f"the single number {value!r}"
    if isinstance(value, (Tensor, np.ndarray)):
        return f"values of type {value.dtype}"
    return repr(value)
