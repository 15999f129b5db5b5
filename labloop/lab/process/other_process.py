"""Another process of this machine, which is ended by its id and never mistaken for a later one."""

import os
import select
import signal
import time
from contextlib import suppress

from labloop.processes import process_start

_GLANCE = 0.005


class OtherProcess:
    """A process that is known by its id and by when it began.

    Args:
        pid: its id.
        start: when it began, as :func:`labloop.processes.process_start` returns it.
    """

    def __init__(self, pid: int, start: str) -> None:
        self.pid = pid
        self._start = start
        # A handle that is opened while the process lives never means another one (Linux).
        self._handle: int | None = None
        if hasattr(os, "pidfd_open"):
            with suppress(OSError):
                self._handle = os.pidfd_open(pid)
        self._is_the_one = process_start(pid) == start

    def is_alive(self) -> bool:
        """Return whether it still runs; a process with that id that began later is another one.

        One whose first thread has ended lives, and has its files open, until the last one has.
        """
        if self._handle is not None and self._is_the_one:
            return not select.select([self._handle], [], [], 0.0)[0]
        return process_start(self.pid) == self._start

    def kill(self) -> None:
        """End it, whatever it does; nothing happens where it has ended."""
        if not self._is_the_one or not self.is_alive():
            return
        with suppress(ProcessLookupError):
            if self._handle is not None:
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            else:
                os.kill(self.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended, and its files are closed; return whether it has."""
        until = time.monotonic() + seconds
        while self.is_alive():
            if time.monotonic() >= until:
                return False
            time.sleep(_GLANCE)
        return True
