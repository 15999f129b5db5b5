"""A call that another process carries out: written into a folder, read there, and its end."""

import importlib
import importlib.util
import io
import pickle
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from labloop.errors import DefinitionError, LabloopError, MissingExtraError, WorkError
from labloop.lab.work.work import class_path
from labloop.units import is_quantity, quantity, split_units

LOADING_SCRIPT: ContextVar[str] = ContextVar("LOADING_SCRIPT", default="")
"""The user's file that is loaded for a function in it; empty otherwise."""
CALL, RESULT, LOG, PROGRESS = "call.pkl", "result.pkl", "log.txt", "progress.jsonl"
"""Files of the folder of a call."""
_ERRORS = sys.modules[LabloopError.__module__]
_CODE = "code"
"""The folder in it where the campaign's files lie, for a machine that does not see the others."""


class _Pickler(pickle.Pickler):
    """Keeps functions and classes by the file that defines them, and quantities by their unit.

    Args:
        file: gets the bytes.
        moved: the campaign's folder, where its files are to be read from the call's own folder.
    """

    def __init__(self, file: io.BytesIO, moved: Path | None) -> None:
        super().__init__(file, protocol=5)
        self._moved = moved

    def reducer_override(self, obj: Any) -> Any:
        """Return how ``obj`` is made again, where pickle itself would not know."""
        if is_quantity(obj):
            return quantity, split_units(obj)
        if isinstance(obj, (FunctionType, type)):
            return self._by_file(obj)
        return NotImplemented

    def _by_file(self, obj: Any) -> Any:
        module = sys.modules.get(obj.__module__)
        file = getattr(module, "__file__", None) or _file_of(obj)
        named = obj.__module__.startswith(("labloop_campaign_", "__main__", "__mp_main__"))
        if module is not None and not named and self._moved is None:
            return _by_value(obj) if _is_inner(obj) else NotImplemented
        if _is_inner(obj) or not file or not Path(file).is_file():
            return NotImplemented if isinstance(obj, type) else _by_value(obj)
        path = Path(file).resolve()
        if self._moved is not None and path.is_relative_to(self._moved):
            where = str(Path(_CODE) / path.relative_to(self._moved))
        elif named or module is None:
            where = str(path)
        else:
            return NotImplemented
        return load_object, (where, obj.__module__, obj.__qualname__)


def _is_inner(obj: Any) -> bool:
    return "<" in obj.__qualname__


def _file_of(obj: Any) -> str:
    code = getattr(obj, "__code__", None)
    return "" if code is None else str(code.co_filename)


def _by_value(obj: Any) -> Any:
    """Return how a function without a name or a file is kept: by its code."""
    try:
        cloudpickle = importlib.import_module("cloudpickle")
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{obj.__qualname__}, which is in no file or within another function, in a process of "
            "its own",
            "cluster",
        ) from error
    return pickle.loads, (cloudpickle.dumps(obj),)


_PLACE: ContextVar[Path | None] = ContextVar("_PLACE", default=None)
"""The folder of the call that is being read."""


def load_object(where: str, module_name: str, qualname: str) -> Any:
    """Return a function or class of a user's file, which is loaded once in a process."""
    place = _PLACE.get()
    path = Path(where) if place is None else place / where
    found: Any = _loaded(path, module_name)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found


def _loaded(path: Path, module_name: str) -> ModuleType:
    # What stands under `if __name__ == "__main__"` of a script is not for this process.
    name = "__mp_main__" if module_name == "__main__" else module_name
    known = sys.modules.get(module_name)
    if known is not None and Path(str(getattr(known, "__file__", ""))).name == path.name:
        return known
    if name in sys.modules and name == "__mp_main__":
        return sys.modules[name]
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DefinitionError(f"{path} is no Python file; a function is loaded from one")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    token = LOADING_SCRIPT.set(str(path))
    try:
        spec.loader.exec_module(module)
    finally:
        LOADING_SCRIPT.reset(token)
    return module


def write_call(
    place: Path,
    func: Callable[..., Any],
    args: tuple[Any, ...],
    *,
    folder: Path,
    code: "dict[str, bytes] | None" = None,
) -> None:
    """Write a call into its folder.

    Args:
        place: the folder of the call.
        func: the user's function.
        args: its arguments.
        folder: the campaign's.
        code: the campaign's files, copied beside the call where the other machine may not see
            ``folder``; None where it does.

    Raises:
        DefinitionError: something in it cannot be taken to another process.
    """
    buffer = io.BytesIO()
    for name, content in (code or {}).items():
        target = place / _CODE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    try:
        _Pickler(buffer, folder.resolve() if code else None).dump((func, args))
    except LabloopError:
        raise
    except Exception as error:
        name = getattr(func, "__qualname__", repr(func))
        raise DefinitionError(
            f"{name} or its arguments cannot be taken to another process: {error}; let it take "
            "numbers, texts, arrays and objects of importable classes"
        ) from error
    _write(place / CALL, buffer.getvalue())


def read_call(place: Path) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return function and arguments of a call; loads the user's file."""
    token = _PLACE.set(place)
    try:
        # Written by the process that started this one.
        func, args = pickle.loads((place / CALL).read_bytes())  # noqa: S301
    finally:
        _PLACE.reset(token)
    return func, args


def write_result(place: Path, result: Any) -> None:
    """Write what a function returned; raises WorkError where it cannot be taken back."""
    buffer = io.BytesIO()
    try:
        _Pickler(buffer, None).dump(("returned", result))
    except Exception as error:
        raise WorkError(
            f"what it returned cannot be taken back from its process: {error}; return numbers, "
            "quantities, texts, arrays, curves, and mappings of them"
        ) from error
    _write(place / RESULT, buffer.getvalue())


def write_error(place: Path, error: BaseException, folder: Path | None) -> None:
    """Write what a function raised, with its line in the user's files."""
    traceback.print_exception(error)
    kinds = frozenset(class_path(kind) for kind in type(error).__mro__)
    own = type(error).__name__ if type(error).__module__ == _ERRORS.__name__ else ""
    named = [] if isinstance(error, LabloopError) else [type(error).__name__]
    words = ": ".join([*named, *filter(None, [str(error)])])
    line = _line(error, folder)
    words += f" ({line})" if line else ""
    _write(place / RESULT, pickle.dumps(("raised", (own, words, kinds))))


def _line(error: BaseException, folder: Path | None) -> str:
    """Return the last line of the user's files on the way to an error, in words."""
    found = ""
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if folder is not None and path.is_relative_to(folder):
            found = f"{path.name} line {frame.lineno}"
    return found


def has_result(place: Path) -> bool:
    """Return whether a call has ended with a result or an error."""
    return (place / RESULT).is_file()


def read_result(place: Path) -> Any:
    """Return what the function returned; raises what it raised as an error of labloop."""
    # Written by a process that ran the user's own code, as this one does.
    kind, value = pickle.loads((place / RESULT).read_bytes())  # noqa: S301
    if kind == "returned":
        return value
    own, words, raised = value
    cls = getattr(_ERRORS, own, WorkError) if own else WorkError
    error = cls.__new__(cls)
    error.args = (words,)
    if isinstance(error, WorkError):
        error.raised = raised
    raise error


def _write(path: Path, data: bytes) -> None:
    """Write a file at once: nobody ever reads half of it."""
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)
