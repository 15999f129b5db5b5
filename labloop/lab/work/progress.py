"""What work tells of itself while it runs: its progress, and the lines that it writes."""

import contextlib
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from labloop.errors import DefinitionError
from labloop.records import finite

PROGRESS_FILE = "LABLOOP_PROGRESS"
"""The environment variable that names the file into which another process tells its progress."""
_HEAD, _TAIL = 8_000, 56_000
"""Characters of a long log that are kept, of its beginning and of its end."""
_MOST_STEPS = 500
"""Notes of progress that are kept; of more, every second one is dropped."""
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@dataclass(frozen=True, slots=True)
class ProgressNote:
    """How far work had come at one moment."""

    seconds: float
    """Wall seconds since the work began."""
    fraction: float
    """From 0 to 1."""
    text: str = ""

    @property
    def words(self) -> str:
        """The progress as a person reads it: ``40 % heating``."""
        return f"{100 * self.fraction:.0f} % {self.text}".rstrip()


class WorkRecord:
    """Keeps what work tells of itself; used from any thread."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._notes: list[ProgressNote] = []
        self._lines: list[str] = []
        self._length = 0
        self._lock = threading.Lock()

    def note(self, fraction: float, text: str = "", seconds: float | None = None) -> None:
        """Keep a note of progress; ``seconds`` since the beginning, now if left out."""
        passed = time.monotonic() - self._began if seconds is None else seconds
        with self._lock:
            if len(self._notes) >= _MOST_STEPS:
                del self._notes[1::2]
            self._notes.append(ProgressNote(passed, fraction, text))

    def write(self, text: str) -> None:
        """Keep what was written, of very much the newest."""
        with self._lock:
            self._lines.append(text)
            self._length += len(text)
            if self._length > 4 * (_HEAD + _TAIL):
                kept = shortened("".join(self._lines))
                self._lines, self._length = [kept], len(kept)

    @property
    def notes(self) -> tuple[ProgressNote, ...]:
        """All notes of progress, in order."""
        with self._lock:
            return tuple(self._notes)

    @property
    def log(self) -> str:
        """What was written; the middle of a very long log is left out."""
        with self._lock:
            return shortened("".join(self._lines))

    @property
    def words(self) -> str:
        """The newest progress as a person reads it; empty before the first."""
        with self._lock:
            return self._notes[-1].words if self._notes else ""


def shortened(text: str) -> str:
    """Return a log with its middle left out where it is very long; NUL is no text."""
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if len(text) <= _HEAD + _TAIL:
        return text
    left = len(text) - _HEAD - _TAIL
    return f"{text[:_HEAD]}\n... {left} characters are left out ...\n{text[-_TAIL:]}"


CURRENT: ContextVar[WorkRecord | None] = ContextVar("CURRENT", default=None)
"""The record of the work that runs in this thread or task."""


def progress(fraction: float, text: str = "") -> None:
    """Tell how far an experiment has come: ``progress(0.4, "heating")``.

    It is shown while the campaign runs and stored with the experiment. Called in a function that
    carries an experiment out, in a notebook, in a cluster job, or in a Python program that a
    command starts. Called anywhere else it does nothing, so that the function can be tried alone.

    Args:
        fraction: from 0 to 1.
        text: what is being done.

    Raises:
        DefinitionError: the fraction is no number from 0 to 1.
    """
    value = finite(fraction, "progress")
    if not 0 <= value <= 1:
        raise DefinitionError(f"progress goes from 0 to 1, got {value:g}; half is 0.5")
    record = CURRENT.get()
    if record is not None:
        record.note(value, str(text))
        return
    path = os.environ.get(PROGRESS_FILE)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"fraction": value, "text": str(text)}) + "\n")


class ProgressFile:
    """Follows the file into which another process tells its progress.

    Args:
        path: of the file; it need not exist yet.
        record: gets the notes.
    """

    def __init__(self, path: Path, record: WorkRecord) -> None:
        self._path = path
        self._record = record
        self._read = 0

    def follow(self) -> None:
        """Take over the lines that are complete and new; what is no note is passed over."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                data = file.read()
        except OSError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            with contextlib.suppress(ValueError, TypeError, KeyError, DefinitionError):
                found = json.loads(line)
                value = finite(found["fraction"], "progress")
                self._record.note(min(max(value, 0.0), 1.0), str(found.get("text", "")))


class _Lines(logging.Handler):
    """Passes what is logged to the record of the work that logs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter(FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        work = CURRENT.get()
        if work is not None:
            work.write(self.format(record) + "\n")
        if logging.getLogger().handlers == [self] and logging.lastResort is not None:
            # Where nobody has configured logging, warnings are printed as they would be without us.
            token = CURRENT.set(None)
            if record.levelno >= logging.lastResort.level:
                logging.lastResort.handle(record)
            CURRENT.reset(token)


class _Copied:
    """A text stream that also goes into the record of the work that writes."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        work = CURRENT.get()
        if work is not None:
            work.write(text)
        return self.stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Capture:
    """Captures as long as one block at least asks for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks = 0
        self._logging = contextlib.ExitStack()

    def begin(self) -> None:
        with self._lock:
            if not self._blocks:
                self._logging.enter_context(_captured_logging())
            self._blocks += 1
            for name in ("stdout", "stderr"):
                # Somebody may have put a stream of his own there since the first block.
                if not isinstance(getattr(sys, name), _Copied):
                    setattr(sys, name, _Copied(getattr(sys, name)))

    def end(self) -> None:
        with self._lock:
            self._blocks -= 1
            if self._blocks:
                return
            self._logging.close()
            for name in ("stdout", "stderr"):
                stream = getattr(sys, name)
                # Who has wrapped it meanwhile puts it back himself.
                if isinstance(stream, _Copied):
                    setattr(sys, name, stream.stream)


_CAPTURE = _Capture()


@contextlib.contextmanager
def captured_output() -> Iterator[None]:
    """Keep what work prints and logs in this process, as long as the block runs.

    It is still printed where it was before. Logging below INFO is not kept. Where nobody has
    configured logging, the root logger lets INFO pass meanwhile. Blocks may overlap.
    """
    _CAPTURE.begin()
    try:
        yield
    finally:
        _CAPTURE.end()


@contextlib.contextmanager
def _captured_logging() -> Iterator[None]:
    root, handler = logging.getLogger(), _Lines()
    level = root.level
    root.addHandler(handler)
    if root.handlers == [handler]:
        root.setLevel(min(level, logging.INFO))
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
