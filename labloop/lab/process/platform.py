"""What differs between POSIX and Windows: signals, locks, consoles, sessions, thread clocks."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

END_SIGNALS = tuple(
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK")
    if hasattr(signal, name)
)
"""Signals that ask a program to end: POSIX has SIGHUP and SIGQUIT, Windows SIGBREAK."""

_PRECEDENCE = -10
CLOSING_SECONDS = 20.0
"""How long a closing console is kept waiting; Windows ends the process after about 5 s."""


def serial_options() -> dict[str, Any]:
    """Return pyserial's options that keep a port from other programs.

    On Windows a port is exclusive by itself, and the option is refused.
    """
    return {"exclusive": True} if os.name == "posix" else {}


def thread_clock(thread_id: int) -> Callable[[], float] | None:
    """Return a function of the CPU seconds that a running thread has used.

    None on Windows and macOS, where a thread can ask only about itself.

    Args:
        thread_id: ``threading.Thread.ident``.
    """
    clock_of = getattr(time, "pthread_getcpuclockid", None)
    if clock_of is None:
        return None
    clock = clock_of(thread_id)
    return lambda: time.clock_gettime(clock)


def own_session() -> dict[str, Any]:
    """Return options of Popen for a program that gets none of the terminal's signals."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
        return {"creationflags": flags}
    return {"start_new_session": True}


def ask_for_precedence() -> None:
    """Run before other programs; raises OSError where this user may not. Not on Windows."""
    if os.name == "posix":
        os.nice(_PRECEDENCE)


def never_wait(handle: int) -> None:
    """Let writes to an open pipe raise BlockingIOError where they would wait; not on Windows."""
    if os.name == "posix":
        os.set_blocking(handle, False)


def lock_folder() -> Path:
    """Return the folder of locks, the same for every user of this machine.

    POSIX: ``/run/lock/labloop`` where everybody may write there, else ``/tmp/labloop``.
    Windows: in ``ProgramData``.
    """
    if os.name != "posix":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "labloop" / "locks"
    system = Path("/run/lock")
    try:
        mode = system.stat().st_mode
    except OSError:
        mode = 0
    # The folder's mode and not this user's rights, so that root uses the same one.
    shared = stat.S_ISDIR(mode) and mode & stat.S_IWOTH
    return (system if shared else Path("/tmp")) / "labloop"  # noqa: S108 - the same for all users


def open_for_all(path: Path) -> int:
    """Open a file that every user may read and write; return its handle.

    File and folder are created where they are missing. A symbolic link is refused.

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
        # Every user may change what another one creates here.
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
        """Lock an open file until it is closed; return False where another process has it."""
        return _lock(handle, msvcrt.LK_NBLCK)

    def unlock(handle: int) -> None:
        """Release the lock at once."""
        _lock(handle, msvcrt.LK_UNLCK)

    def _lock(handle: int, how: int) -> bool:
        # Far behind the content: on Windows others cannot read what is locked.
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
        """Lock an open file until it is closed; return False where another process has it."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(handle: int) -> None:
        """Release the lock at once, also where a forked child has the file open."""
        fcntl.flock(handle, fcntl.LOCK_UN)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _CLOSING = {2: "CTRL_CLOSE", 5: "CTRL_LOGOFF", 6: "CTRL_SHUTDOWN"}

    @contextmanager
    def console_closing(end: Callable[[str], None]) -> Iterator[None]:
        """Call ``end(event)`` when the console is closed, and wait until the block is left.

        Windows ends the process as soon as the handler returns, at the latest after 5 s.
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
        """Do nothing: a closed terminal is the signal SIGHUP here."""
        del end
        yield


def interrupt(pid: int) -> None:
    """Ask a process to end, as Ctrl-C does; nothing where it has ended."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGINT)
