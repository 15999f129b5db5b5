"""The file of a transcript: sessions one after another, each with its date.

One JSON object a line. A session begins with ``{"recorded": "2026-11-30T12:00:00+00:00", ...}``,
which says when, of which device, by which driver. Then come lines with ``t_ns`` (lab time):

- ``dir`` (``>`` to the device, ``<`` from it) with ``hex``: bytes of a frame, or of an answer;
- ``dir`` with ``call``, or with ``result`` or ``opaque``: a call of a library and what it returned;
- ``ended``: the exchange ended with that error, so what was received before it is incomplete;
- ``unsent``: a frame that did not leave after all;
- anything else is a note, such as what a person asked for.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, TextIO

from labloop.errors import LabFileError
from labloop.lab.time import Clock

Line = Mapping[str, Any]
_SESSION = "?session="


class Transcript:
    """Appends what is said on one line to a file; begun with the first frame.

    Args:
        path: the file; what it holds already stays.
        clock: lab time, written with each line.
        about: what the session is told to be of: device, driver, url.
    """

    def __init__(self, path: Path, clock: Clock, about: Mapping[str, str]) -> None:
        self.path = path
        self._clock = clock
        self._about = dict(about)
        self._file: TextIO | None = None

    def frame(self, direction: str, data: bytes) -> None:
        """Append bytes that were sent (``>``) or received (``<``)."""
        self.line(dir=direction, hex=data.hex())

    def line(self, **what: Any) -> None:
        """Append a line with the lab time of now."""
        if self._file is None:
            self._begin()
        self._write({"t_ns": round(self._clock.now() * 1e9), **what})

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _begin(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("a", encoding="utf-8", buffering=1)
        recorded = datetime.now(UTC).isoformat(timespec="seconds")
        self._write({"recorded": recorded, **self._about, "labloop": _version()})

    def _write(self, what: Mapping[str, Any]) -> None:
        assert self._file is not None  # noqa: S101 - for the type checker
        self._file.write(json.dumps(what) + "\n")


@dataclass(frozen=True, slots=True)
class Session:
    """One session of a transcript."""

    about: Line
    """When it was recorded, and of what; empty in a file without dates."""
    lines: tuple[Line, ...]
    """What was said, in order; what did not leave after all is left out."""

    @property
    def frames(self) -> list[tuple[str, bytes, float]]:
        """Direction, bytes and lab second of each frame."""
        return [
            (each["dir"], bytes.fromhex(each["hex"]), each.get("t_ns", 0) / 1e9)
            for each in self.lines
            if "hex" in each
        ]

    def note(self, key: str) -> Any:
        """Return what the last note of that name says, None where there is none."""
        return next((each[key] for each in reversed(self.lines) if key in each), None)


def read_transcript(path: Path) -> list[Session]:
    """Return the sessions of a transcript, oldest first.

    Raises:
        LabFileError: it cannot be read, or is no transcript.
    """
    try:
        text = path.read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        for line in lines:
            _check(line)
    except OSError as error:
        raise LabFileError(f"transcript {path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LabFileError(f"{path} is no transcript: {error!r}") from error
    sessions: list[tuple[Line, list[Line]]] = []
    for line in lines:
        if "recorded" in line:
            sessions.append((line, []))
            continue
        if not sessions:
            sessions.append(({}, []))
        if "unsent" in line:
            _remove(sessions[-1][1], line["unsent"])
        else:
            sessions[-1][1].append(line)
    if not sessions:
        raise LabFileError(f"transcript {path} is empty; record one with: labloop devices record")
    return [Session(about, tuple(kept)) for about, kept in sessions]


def note_in_transcript(path: Path, **what: Any) -> None:
    """Append a note to the last session of a transcript, which must have begun."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(what) + "\n")


def session_of(target: str) -> Session:
    """Return the session that a url names: the last one, or ``FILE?session=2``, counted from 1.

    Raises:
        LabFileError: the file cannot be read, or has no such session.
    """
    path, _, number = target.partition(_SESSION)
    sessions = read_transcript(Path(path))
    if not number:
        return sessions[-1]
    if not number.isdecimal() or not 1 <= int(number) <= len(sessions):
        raise LabFileError(
            f"transcript {path} has {len(sessions)} sessions, counted from 1; there is no "
            f"session {number!r}"
        )
    return sessions[int(number) - 1]


def _check(line: Any) -> None:
    """Raise ValueError where a line cannot be of a transcript."""
    if not isinstance(line, dict):
        raise TypeError("each line is a JSON object")
    if "dir" in line and line["dir"] not in {">", "<"}:
        raise ValueError(f"dir must be '>' or '<', got {line['dir']!r}")
    if "hex" in line or set(line) <= {"t_ns", "dir"}:
        bytes.fromhex(line["hex"])


def _remove(lines: list[Line], frame: str) -> None:
    for place in range(len(lines) - 1, -1, -1):
        if lines[place].get("dir") == ">" and lines[place].get("hex") == frame:
            del lines[place]
            return


def _version() -> str:
    try:
        return metadata.version("labloop-sdl")
    except metadata.PackageNotFoundError:
        return ""
