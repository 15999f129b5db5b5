"""Loads drivers and worlds from the folder of the lab file, which is not installed."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType

_LOADED: dict[tuple[Path, str], tuple[Mapping[str, int], ModuleType]] = {}
"""Folder and module -> modification times of the folder's files, and the module loaded then."""


def module_of(name: str, folder: Path | None) -> ModuleType:
    """Return a module from ``folder`` where it lies there, else from Python's own path.

    The folder is on the path only while the module is loaded, and its modules do not stay in
    ``sys.modules``: two labs may each have a ``desk.py``. The same module object is returned as
    long as no file of the folder changes.

    Raises:
        ImportError: there is none.
        Exception: whatever the module raises while it is loaded.
    """
    root = name.partition(".")[0]
    if folder is None or not _lies_in(folder.resolve(), root):
        return import_module(name)
    folder = folder.resolve()
    state = {path.name: path.stat().st_mtime_ns for path in sorted(folder.glob("*.py"))}
    before, module = _LOADED.get((folder, name), (None, None))
    if module is None or before != state:
        with _first_on_the_path(folder, root):
            module = import_module(name)
        _LOADED[folder, name] = state, module
    return module


def _lies_in(folder: Path, root: str) -> bool:
    return (folder / f"{root}.py").is_file() or (folder / root / "__init__.py").is_file()


@contextmanager
def importable(folder: Path | None) -> Iterator[None]:
    """Let the modules of ``folder`` be imported inside of the block; None for no folder."""
    if folder is None:
        yield
        return
    with _first_on_the_path(folder.resolve(), ""):
        yield


@contextmanager
def _first_on_the_path(folder: Path, root: str) -> Iterator[None]:
    """Put ``folder`` first on the path, and restore ``sys.modules`` afterwards."""
    known = dict(sys.modules)
    for name in [n for n in known if n == root or n.startswith(f"{root}.")]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name, module in list(sys.modules.items()):
            origin = getattr(module, "__file__", None)
            if name not in known and origin and Path(origin).is_relative_to(folder):
                del sys.modules[name]
        for name in [n for n in known if n == root or n.startswith(f"{root}.")]:
            sys.modules[name] = known[name]
