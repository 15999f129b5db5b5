"""Which process is which: its id, and when it began, so that no other one is taken for it."""

import platform
import subprocess
import sys
from functools import cache
from pathlib import Path


@cache
def host() -> str:
    """Return the name of this machine (and of the container's space of process ids)."""
    made = platform.node().replace(" ", "_") or "unnamed"
    space = _read_link("/proc/self/ns/pid")
    return f"{made}/{space}" if space else made


@cache
def boot() -> str:
    """Return an id that changes with every start of this machine; empty where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def process_start(pid: int) -> str | None:
    """Return when the process began, as the system writes it; None where there is none."""
    if sys.platform == "win32":
        return _start_windows(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None if Path("/proc/self/stat").exists() else _start_posix(pid)
    # The name in brackets may hold blanks and brackets; a zombie has ended.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else fields[19]


def process_mark(pid: int) -> str | None:
    """Return what identifies a process on all machines and for ever; None where it has ended.

    The system gives a process id to another process some day: compare marks before a signal.
    """
    start = process_start(pid)
    return None if start is None else f"host={host()} boot={boot()} pid={pid} start={start}"


def _read_link(path: str) -> str:
    try:
        return Path(path).readlink().name.strip("pid:[]")
    except OSError:
        return ""


def _start_posix(pid: int) -> str | None:
    done = subprocess.run(  # noqa: S603 - a fixed program and a number
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip().replace(" ", "_") or None


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    def _start_windows(pid: int) -> str | None:
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x1000, False, pid)
        if not handle:
            return None
        try:
            times = [wintypes.FILETIME() for _ in range(4)]
            code = wintypes.DWORD()
            kernel.GetExitCodeProcess(handle, ctypes.byref(code))
            succeeded = kernel.GetProcessTimes(handle, *(ctypes.byref(t) for t in times))
            alive = succeeded and code.value == 259
            return f"{times[0].dwHighDateTime}.{times[0].dwLowDateTime}" if alive else None
        finally:
            kernel.CloseHandle(handle)
