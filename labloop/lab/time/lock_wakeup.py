"""An event loop that sleeps on a lock: a fraction of the cost of pipe and selector."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from labloop.lab.time.lab_loop import LabLoop


class LockWakeupLoop(LabLoop):
    """Threads wake it by releasing a lock, as long as nothing waits for a file or socket."""

    def __init__(self) -> None:
        self._wakeup = threading.Lock()
        self._wakeup.acquire()
        self.woken = False
        """Whether a thread ended the latest sleep."""
        self._watches_files = False
        super().__init__()
        # The base class has added its own pipe.
        self._watches_files = False

    def _sleep(self, seconds: float | None) -> list[Any]:
        """Sleep until a thread wakes the loop, at most ``seconds``."""
        if self._watches_files:
            self.woken = self._wakeup.acquire(blocking=False)
            return [] if self.woken else super()._sleep(seconds)
        self.asleep = True
        try:
            timeout = -1 if seconds is None else max(seconds, 0.0)
            self.woken = self._wakeup.acquire(timeout=timeout)
        finally:
            self.asleep = False
        return []

    def _write_to_self(self) -> None:
        """Wake the loop; called from any thread."""
        with suppress(RuntimeError):
            # A free lock cannot be released: somebody has done so already.
            self._wakeup.release()
        if self._watches_files:
            super()._write_to_self()  # type: ignore[misc]

    def _add_reader(self, fd: Any, callback: Callable[..., object], *args: Any) -> Any:
        self._watches_files = True
        return super()._add_reader(fd, callback, *args)  # type: ignore[misc]

    def _add_writer(self, fd: Any, callback: Callable[..., object], *args: Any) -> Any:
        self._watches_files = True
        return super()._add_writer(fd, callback, *args)  # type: ignore[misc]
