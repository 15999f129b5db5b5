"""Which files of its folder a campaign keeps: what it imports, what it names, what it opens."""

import ast
import os
import re
import sys
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from labloop.errors import CampaignFileError

DATA = {".toml", ".csv", ".json", ".txt", ".ipynb"}
"""Kept where the code names them, or opens them while it loads."""
_MOST_BYTES = 8 * 1024 * 1024
_PROGRAM = re.compile(r"""["'/]([\w.-]+\.py)["']""")
"""A program that a command runs, named in the code: ``"sim.py"``."""
_NAMED = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):[A-Za-z_]\w*")
"""``module:Name`` names a driver, a world or a physics beside the campaign."""


def bundle_files(
    file: Path, also: Collection[str] = (), programs: Collection[str] = ()
) -> dict[str, bytes]:
    """Return relative path -> content of a campaign file and of all that it uses.

    Modules of the folder that it imports or names, and data files whose name stands in any of
    them; nothing else that happens to lie there.

    Args:
        file: the campaign file.
        also: further files, relative to its folder: those that were opened while it loaded.
        programs: words of a command; those that are files of the folder are kept, of any kind.

    Raises:
        CampaignFileError: one of them is a link that leads out of the folder, or they are
            more than 8 MiB.
    """
    folder = file.parent
    candidates = dict(_candidates(folder))
    run = {Path(word).as_posix() for word in programs if _is_inside(folder, word)}
    candidates |= {name: folder / name for name in run}
    found: dict[str, bytes] = {}
    open_names = [file.name, *sorted((set(also) & candidates.keys()) | run)]
    while open_names:
        name = open_names.pop()
        if name in found:
            continue
        found[name] = _content(folder, candidates.get(name, file))
        if sum(map(len, found.values())) > _MOST_BYTES:
            raise CampaignFileError(
                f"the code and tables that {file.name} uses are more than "
                f"{_MOST_BYTES // 2**20} MiB, which a campaign keeps a copy of; let the code read "
                "large data from another folder"
            )
        open_names += _used(name, found[name], candidates)
    return dict(sorted(found.items()))


def _candidates(folder: Path) -> Iterator[tuple[str, Path]]:
    for place, folders, names in os.walk(folder):
        # Not entered: an environment beside the campaign holds ten thousands of files.
        folders[:] = [name for name in folders if not _hidden(name)]
        for path in (Path(place, name) for name in names if not _hidden(name)):
            if path.suffix in {".py", *DATA} and path.is_file():
                yield path.relative_to(folder).as_posix(), path


def _is_inside(folder: Path, word: str) -> bool:
    """Return whether a word is the relative path of a file in the folder."""
    try:
        path = Path(word)
        outside = path.is_absolute() or ".." in path.parts
        return not outside and (folder / path).is_file()
    except (OSError, ValueError):  # no path at all, such as one with a NUL, or far too long
        return False


def _hidden(name: str) -> bool:
    return name.startswith((".", "__pycache__"))


def _content(folder: Path, path: Path) -> bytes:
    real = path.resolve()
    if not real.is_relative_to(folder.resolve()):
        raise CampaignFileError(
            f"{path.name} is a link to {real}, out of the campaign's folder; "
            "copy the file into the folder, so that the campaign can keep it"
        )
    return path.read_bytes()


def _used(name: str, content: bytes, candidates: Mapping[str, Path]) -> Iterator[str]:
    """Yield the candidates that a kept file uses."""
    suffix = Path(name).suffix
    if suffix not in {".py", ".toml"}:
        return
    text = content.decode("utf-8", errors="replace")
    modules = set(_NAMED.findall(text))
    if suffix == ".py":
        modules |= set(_imported(text, name))
    for module in modules:
        yield from (path for path in _paths(module) if path in candidates)
    programs = set(_PROGRAM.findall(text))
    for path in candidates:
        file_name = path.rpartition("/")[2]
        if file_name in (text if Path(path).suffix in DATA else programs):
            yield path


def _imported(text: str, name: str) -> Iterator[str]:
    """Yield the modules that code imports, anywhere in it, as dotted names in the folder."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        # Told when it is loaded; the last two are what brackets in brackets end in.
        return
    package = name.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            dotted = ".".join([*base, *([node.module] if node.module else [])])
            yield dotted
            yield from (f"{dotted}.{alias.name}".lstrip(".") for alias in node.names)
        elif isinstance(node, ast.Call) and _is_import(node.func):
            yield from _texts(node.args)


def _is_import(function: ast.expr) -> bool:
    return ast.unparse(function) in {"import_module", "importlib.import_module", "__import__"}


def _texts(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _paths(module: str) -> Iterator[str]:
    """Yield where a module and the packages around it would lie."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        place = "/".join(parts[:count])
        yield f"{place}.py"
        yield f"{place}/__init__.py"


_OPENED: ContextVar[set[str] | None] = ContextVar("OPENED", default=None)
"""Collects what is opened in this context while a campaign file loads."""


@contextmanager
def record_opened_files(folder: Path) -> Iterator[set[str]]:
    """Collect, relative to ``folder``, the files of it that are opened inside of the block."""
    _install_audit_hook()
    opened: set[str] = set()
    seen: set[str] = set()
    token = _OPENED.set(seen)
    try:
        yield opened
    finally:
        _OPENED.reset(token)
        for each in seen:
            path = Path(each).absolute()
            if path.suffix in DATA and path.is_relative_to(folder):
                opened.add(path.relative_to(folder).as_posix())


def _install_audit_hook() -> None:
    """Install the interpreter's audit hook, once: it cannot be removed again."""
    if not getattr(sys, "_labloop_listens", False):
        sys._labloop_listens = True  # type: ignore[attr-defined]  # noqa: SLF001 - ours
        sys.addaudithook(_on_audit_event)


def _on_audit_event(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and arguments and isinstance(arguments[0], str):
        seen = _OPENED.get()
        if seen is not None:
            seen.add(arguments[0])
