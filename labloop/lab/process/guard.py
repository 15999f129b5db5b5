"""Runs a program and ends it, with all that it started, when who asked for it has gone.

A script of the standard library alone: ``python -I -S guard.py --grace 2 -- PROGRAM ...``. Its
standard input is a pipe that its parent holds open and never writes to. When the pipe ends,
because the parent closed it or was killed, the program is asked to end, and is ended after the
grace. The guard itself ends as the program did: with its exit code, or by the same signal.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_SUBREAPER = 36
"""``PR_SET_CHILD_SUBREAPER`` of Linux' ``prctl(2)``: orphaned descendants become our children."""
_NOT_STARTED = 125
"""The program could not be started."""


def main() -> None:
    """Run the program that the command line names."""
    options = _options()
    _prepare(options.memory)
    try:
        program = subprocess.Popen(  # noqa: S603 - the program that the user's campaign names
            options.program,
            stdin=subprocess.DEVNULL,
            start_new_session=os.name == "posix",
        )
    except OSError as error:
        sys.stderr.write(f"{options.program[0]} cannot be started: {error}\n")
        sys.exit(_NOT_STARTED)
    watch = threading.Thread(target=_end_with_parent, args=(program, options.grace), daemon=True)
    watch.start()
    code = program.wait()
    _kill_descendants(program)
    _end_like(code)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--grace", type=float, default=2.0)
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("program", nargs="+")
    return parser.parse_args()


def _prepare(memory: int) -> None:
    """Leave the terminal's group, adopt orphans, and bound the memory of what is started."""
    if sys.platform == "win32":
        return
    import ctypes  # noqa: PLC0415 - not on every system
    import resource  # noqa: PLC0415 - POSIX alone

    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    # A crash leaves no file of its memory behind, neither of the program nor of the guard.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _end_with_parent(program: "subprocess.Popen[bytes]", grace: float) -> None:
    """Wait for the end of the pipe; then ask the program to end, and end it."""
    while os.read(0, 1024):
        pass
    if os.name == "posix":
        _signal(program, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            program.wait(grace)
    _kill(program)


def _signal(program: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(program.pid, number)


def _kill(program: "subprocess.Popen[bytes]") -> None:
    if sys.platform == "win32":
        subprocess.run(  # noqa: S603 - a fixed program
            ["taskkill", "/F", "/T", "/PID", str(program.pid)],  # noqa: S607 - the same
            capture_output=True,
            check=False,
        )
        return
    _signal(program, signal.SIGKILL)
    _kill_descendants(program)


def _kill_descendants(program: "subprocess.Popen[bytes]") -> None:
    """Kill what is left of the program's group, and what left the group (Linux)."""
    if sys.platform == "win32":
        return
    _signal(program, signal.SIGKILL)
    for _ in range(100):
        found = [each for each in _descendants(os.getpid()) if each != program.pid]
        if not found:
            return
        for each in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(each, signal.SIGKILL)
        time.sleep(0.01)


def _descendants(root: int) -> Iterator[int]:
    """Yield the process ids below ``root``; nothing where there is no ``/proc``."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            # The name in brackets may hold blanks; what follows it does not.
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(entry.parent.name)] = int(parent)
    for each in parents:
        above = each
        while above in parents and above != root:
            above = parents[above]
        if above == root and each != root:
            yield each


def _end_like(code: int) -> None:
    """End by the signal that ended the program, else with its exit code."""
    if code < 0 and os.name == "posix":
        number = signal.Signals(-code)
        if number not in {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    sys.exit(code)


if __name__ == "__main__":
    main()
