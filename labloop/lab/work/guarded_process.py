"""A program under the guard: followed while it runs, ended with all that it started."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from labloop.errors import ExperimentCancelled, WorkError, WorkTimeoutError
from labloop.lab.process import GUARD
from labloop.lab.work.exchange import LOG, PROGRESS
from labloop.lab.work.progress import PROGRESS_FILE, ProgressFile, WorkRecord
from labloop.lab.work.work import WorkCall
from labloop.processes import process_mark

OUTPUT = "stdout.txt"
"""The file of a call's folder that gets the standard output of a command."""
_GUARD_MARK = "guard.txt"
_WAIT_SECONDS = 10.0
"""How long the end of a program is waited for whose campaign was killed."""
GRACE_SECONDS = 2.0
"""How long a program has to end by itself after it was asked to."""
_LOOK_SECONDS = 0.05
"""How often a stop and new progress are looked for."""
_GIB = 1024**3
PREFIX = "labloop-work-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program to be run."""

    argv: Sequence[str]
    name: str
    """For messages."""
    folder: Path
    """Its working folder."""
    output: str = LOG
    """The file of the call's folder that gets its standard output; LOG gets errors, too."""
    env: Mapping[str, str] | None = None
    """Environment variables beside those of this process."""
    timeout: float | None = None
    memory: float | None = None
    """GiB of address space at most."""


def make_place() -> Path:
    """Return a new folder for one attempt."""
    return Path(tempfile.mkdtemp(prefix=PREFIX))


def mark_of(pid: int) -> str:
    """Return what identifies a process for ever, as text; empty where it has ended."""
    mark = process_mark(pid)
    return f"{pid} {mark}" if mark else ""


def is_marked_alive(mark: str) -> bool:
    """Return whether the process still runs that :func:`mark_of` was told of."""
    pid = mark.partition(" ")[0]
    return pid.isdigit() and mark_of(int(pid)) == mark.strip()


def is_temporary(place: Path) -> bool:
    """Return whether a folder was made for one attempt alone, and goes with it."""
    return place.name.startswith(PREFIX)


def left_behind(place: Path) -> WorkRecord:
    """Return what an attempt told of itself whose process was killed, once its program has ended.

    The guard ends the program with its parent, within its grace.
    """
    record = WorkRecord()
    until = time.monotonic() + _WAIT_SECONDS
    while is_marked_alive(_text(place / _GUARD_MARK)) and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    ProgressFile(place / PROGRESS, record).follow()
    for name in (OUTPUT, LOG):
        record.write(_text(place / name))
    return record


def remove_place(place: Path) -> None:
    """Delete the folder of an attempt that has ended."""
    shutil.rmtree(place, ignore_errors=True)


def run_program(program: Program, call: WorkCall) -> int:
    """Run a program to its end and return its exit code; its log is in the call's record.

    Raises:
        WorkTimeoutError: it was ended after its time-out.
        ExperimentCancelled: a stop came, and it was ended.
        WorkError: it cannot be started, or a signal ended it.
    """
    place = call.place
    assert place is not None  # noqa: S101 - made for every kind that runs programs
    follow = ProgressFile(place / PROGRESS, call.record)
    why = ""
    began = time.monotonic()
    with (place / LOG).open("ab") as log, (place / program.output).open("ab") as output:
        process = _start(program, place, output, log)
        (place / _GUARD_MARK).write_text(mark_of(process.pid), encoding="utf-8")
        try:
            while not why and process.poll() is None:
                follow.follow()
                why = _reason_to_end(program, call, began)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LOOK_SECONDS)
        finally:
            code = _end(process)
    follow.follow()
    for name in dict.fromkeys((program.output, LOG)):
        call.record.write(_text(place / name))
    if why:
        if call.stop:
            raise ExperimentCancelled(why)
        raise WorkTimeoutError(f"{program.name} {why}")
    call.facts["exit code"] = code
    if code < 0:
        raise WorkError(f"{program.name} {_ended_by(-code)}")
    return code


def _start(
    program: Program, place: Path, output: IO[bytes], log: IO[bytes]
) -> "subprocess.Popen[bytes]":
    options = ["--grace", str(GRACE_SECONDS)]
    if program.memory is not None:
        options += ["--memory", str(int(program.memory * _GIB))]
    env = {**os.environ, "PYTHONUNBUFFERED": "1", PROGRESS_FILE: str(place / PROGRESS)}
    try:
        return subprocess.Popen(  # noqa: S603 - the program that the user's campaign names
            [sys.executable, "-I", "-S", GUARD, *options, "--", *program.argv],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=log,
            cwd=program.folder,
            env=env | dict(program.env or {}),
        )
    except OSError as error:
        raise WorkError(f"{program.name} cannot be started: {error}") from error


def _reason_to_end(program: Program, call: WorkCall, began: float) -> str:
    if call.stop:
        return call.stop.reason
    if program.timeout is not None and time.monotonic() - began > program.timeout:
        return (
            f"did not end within {program.timeout:g} s; it was ended with all that it had started"
        )
    return ""


def _end(process: "subprocess.Popen[bytes]") -> int:
    """End the guard, and with it the program, where they have not ended; return the exit code."""
    assert process.stdin is not None  # noqa: S101 - it was asked for
    process.stdin.close()
    try:
        return process.wait(2 * GRACE_SECONDS + 5)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _ended_by(number: int) -> str:
    name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
    meaning = {
        "SIGSEGV": ": it read or wrote memory that is not its own",
        "SIGKILL": ": somebody killed it, or the system did because memory was short",
        "SIGABRT": ": it aborted itself",
    }.get(name, "")
    return f"was ended by {name}{meaning}; the campaign goes on"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
