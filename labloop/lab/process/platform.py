"""What differs between operating systems."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

END_SIGNALS = tuple(
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
    if hasattr(signal, name)
)
"""Signals that ask a program to end: POSIX has SIGHUP and SIGQUIT, Windows SIGBREAK."""

CLOSING_SECONDS = 20.0
"""How long a closing console is kept waiting; Windows itself waits about 5 s, then it kills."""


def serial_options() -> dict[str, Any]:
    """Return how a serial port is kept from other programs.

    On Windows a port is exclusive by itself and the option is refused.
    """
    return {"exclusive": True} if os.name == "posix" else {}


def thread_clock(thread_id: int) -> Callable[[], float] | None:
    """Return what tells the CPU seconds that a running thread has used; None where nothing does.

    Windows and macOS let a thread ask only after itself.
    """
    clock_of = getattr(time, "pthread_getcpuclockid", None)
    if clock_of is None:
        return None
    clock = clock_of(thread_id)
    return lambda: time.clock_gettime(clock)


def lock_folder() -> Path:
    """Return the folder of locks that every user of this machine finds, whatever they set.

    POSIX: beside the system's own locks where everybody may write there, else in ``/tmp``.
    Windows: in ``ProgramData``.
    """
    if os.name != "posix":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "labloop" / "locks"
    system = Path("/run/lock")
    try:
        mode = system.stat().st_mode
    except OSError:
        mode = 0
    # Asked of the folder and not of this user, so that root looks where everybody looks.
    shared = stat.S_ISDIR(mode) and mode & stat.S_IWOTH
    return (system if shared else Path("/tmp")) / "labloop"  # noqa: S108 - the same for all users


def open_for_all(path: Path) -> int:
    """Open a file for reading and writing, made so that every user may; return its handle.

    The folder is made, too. A link in the place of the file is refused.

    Raises:
        OSError: it cannot be opened.
    """
    _make_for_all(path.parent)
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    while True:
        try:
            # Without O_CREAT: Linux forbids that on another user's file in a sticky folder.
            return os.open(path, flags)
        except FileNotFoundError:
            pass
        try:
            handle = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            continue
        if os.name == "posix":
            os.fchmod(handle, 0o666)
        return handle


def _make_for_all(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        # Whatever a user makes here, every user may change.
        users = "*S-1-5-32-545:(OI)(CI)M"
        subprocess.run(  # noqa: S603 - a fixed program
            ["icacls", str(folder), "/grant", users],  # noqa: S607 - the same
            capture_output=True,
            check=False,
        )
    else:
        folder.chmod(0o1777)


if sys.platform == "win32":
    import msvcrt

    def try_lock(handle: int) -> bool:
        """Lock an open file for this process until it is closed; False where another has it."""
        return _lock(handle, msvcrt.LK_NBLCK)

    def unlock(handle: int) -> None:
        """Give the lock back at once."""
        _lock(handle, msvcrt.LK_UNLCK)

    def _lock(handle: int, how: int) -> bool:
        # Far behind the content: Windows keeps others from reading what is locked.
        os.lseek(handle, 1 << 30, os.SEEK_SET)
        try:
            msvcrt.locking(handle, how, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def try_lock(handle: int) -> bool:
        """Lock an open file for this process until it is closed; False where another has it."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(handle: int) -> None:
        """Give the lock back at once, also where a forked child has the file open, too."""
        fcntl.flock(handle, fcntl.LOCK_UN)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _CLOSING = {2: "CTRL_CLOSE", 5: "CTRL_LOGOFF", 6: "CTRL_SHUTDOWN"}

    @contextmanager
    def console_closing(end: Callable[[str], None]) -> Iterator[None]:
        """Call ``end(event)`` where the console is closed; wait for the block to be left.

        Windows ends the process as soon as its question is answered, at the latest after 5 s.
        """
        left = threading.Event()

        @ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)
        def answer(event: int) -> bool:
            if event not in _CLOSING:
                return False
            end(_CLOSING[event])
            left.wait(CLOSING_SECONDS)
            return True

        kernel = ctypes.windll.kernel32
        kernel.SetConsoleCtrlHandler(answer, True)
        try:
            yield
        finally:
            left.set()
            kernel.SetConsoleCtrlHandler(answer, False)

else:

    @contextmanager
    def console_closing(end: Callable[[str], None]) -> Iterator[None]:
        """Do nothing: here a closed terminal is a signal, SIGHUP."""
        del end
        yield
