"""Which lines of a driver the checks have reached, by the interpreter's own tracing.

The standard library's ``sys.settrace`` is enough: a driver has a few hundred lines, and the kit
runs where nothing but labloop is installed.
"""

import ast
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from labloop.lab import Device


@dataclass(frozen=True, slots=True)
class Unreached:
    """A line of the driver that no check reached."""

    file: Path
    line: int
    text: str


class LinesReached:
    """The statements in the functions of a driver's own files, and which of them ran."""

    def __init__(self, files: list[Path]) -> None:
        self._texts = {path: path.read_text(encoding="utf-8") for path in files}
        self._statements = {path: _statements(text) for path, text in self._texts.items()}
        self._seen: dict[str, set[int]] = {str(path): set() for path in files}

    @property
    def count(self) -> int:
        """How many statements there are."""
        return sum(len(each) for each in self._statements.values())

    def unreached(self) -> list[Unreached]:
        """Return the statements that did not run, in their order."""
        return [
            Unreached(path, first, self._texts[path].splitlines()[first - 1].strip())
            for path, statements in self._statements.items()
            for first, last in statements
            if self._seen[str(path)].isdisjoint(range(first, last + 1))
        ]

    def trace(self, frame: FrameType, event: str, _argument: Any) -> Any:  # noqa: ARG002 - as sys.settrace calls it
        """Note the lines of the driver's functions; leave all others alone."""
        seen = self._seen.get(frame.f_code.co_filename)
        if seen is None:
            return None

        def line(inner: FrameType, event: str, _argument: Any) -> Any:  # noqa: ARG001 - same
            seen.add(inner.f_lineno)
            return line

        return line


@contextmanager
def lines_reached(kind: type[Device]) -> Iterator[LinesReached]:
    """Note which lines of a driver run in this block, in all threads that begin in it."""
    lines = LinesReached(own_files(kind))
    before, before_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(lines.trace)
    threading.settrace(lines.trace)
    try:
        yield lines
    finally:
        sys.settrace(before)
        threading.settrace(before_threads)


def own_files(kind: type[Device]) -> list[Path]:
    """Return the files of a driver: its module, and what this imports from the same package."""
    package = kind.__module__.rpartition(".")[0]
    waiting, found = [kind.__module__], []
    while waiting:
        module = sys.modules.get(waiting.pop())
        path = Path(getattr(module, "__file__", None) or "")
        if path.suffix != ".py" or path in found:
            continue
        found.append(path)
        if package:
            waiting += _imported(path.read_text(encoding="utf-8"), package)
    return found


def _imported(text: str, package: str) -> list[str]:
    """Return the modules of ``package`` that a file imports."""
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.startswith(f"{package}.")]


def _statements(text: str) -> list[tuple[int, int]]:
    """Return first and last line of each statement in the functions of a file, in order."""
    found: set[tuple[int, int]] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            documented = ast.get_docstring(node, clean=False) is not None
            for statement in node.body[documented:]:
                found |= set(_within(statement))
    return sorted(found)


def _within(statement: ast.stmt) -> Iterator[tuple[int, int]]:
    """Yield a statement and those in it; of a block only its head counts as its own."""
    inner = [each for each in ast.iter_child_nodes(statement) if isinstance(each, ast.stmt)]
    for handler in getattr(statement, "handlers", []):
        inner += handler.body
    for case in getattr(statement, "cases", []):
        inner += case.body
    if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        first = statement.lineno
        last = min((each.lineno for each in inner), default=(statement.end_lineno or first) + 1) - 1
        if not isinstance(statement, (ast.Try, ast.Global, ast.Nonlocal, ast.Pass)):
            yield first, max(first, last)
        for each in inner:
            yield from _within(each)
