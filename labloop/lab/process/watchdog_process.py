"""The watchdog process as the process sees it that is watched: started, fed, ended in order."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

from labloop.lab.process.forks import forget, keep_from_children
from labloop.lab.process.platform import never_wait, own_session

PROGRAM = "labloop.lab.watchdog"
BEAT, END = b".", b"e"
"""What is said through the pipe after the order: a sign of life; that all has ended in order."""
_END_SECONDS = 2.0


class WatchdogProcess:
    """One watchdog process, in a session of its own, at the other end of a pipe.

    All that may block happens on a thread: the methods return at once, but for :meth:`end`.

    Args:
        order: its first line: whom to watch, and what to do then.
    """

    def __init__(self, order: bytes) -> None:
        self.pid = 0
        self.watching = False
        """Whether it has read the order, found every driver, and waits for the first beat."""
        self.refusal = ""
        """Why it cannot do what the order asks; empty where it can."""
        self.ended = False
        """Whether it has ended, or its pipe is broken."""
        self._process: subprocess.Popen[bytes] | None = None
        self._over = False
        """Whether it is to end, or never to begin."""
        self._lock = threading.Lock()
        self._answered = time.monotonic()
        self._owner = os.getpid()
        self._thread = threading.Thread(
            target=self._talk, args=(order,), name="labloop-watchdog", daemon=True
        )
        self._thread.start()

    @property
    def silent(self) -> float:
        """Seconds since it last answered a beat, or began."""
        return time.monotonic() - self._answered

    def beat(self) -> None:
        """Give a sign of life; never waits, and never raises."""
        self._write(BEAT)

    def end(self) -> None:
        """Say that all has ended in order, and wait a moment until it has ended, too."""
        self._write(END)
        self._close(_END_SECONDS)

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._close(0.0)

    def _write(self, what: bytes) -> None:
        process = self._process
        if not self.watching or process is None or process.stdin is None:
            return
        if os.getpid() != self._owner:
            return
        try:
            os.write(process.stdin.fileno(), what)
        except BlockingIOError:
            # It takes nothing any more; that shows in :attr:`silent`.
            return
        except (OSError, ValueError):
            self.ended = True

    def _close(self, seconds: float) -> None:
        with self._lock:
            self._over, process = True, self._process
        if process is not None and process.stdin is not None and not process.stdin.closed:
            forget(process.stdin.fileno())
            with suppress(OSError):
                process.stdin.close()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._thread.join(_END_SECONDS)

    def _talk(self, order: bytes) -> None:
        """Start it, give it the order, and hear its answers until it has ended."""
        try:
            process = self._started()
            self._give(process, order)
            self._hear(process)
        except (OSError, ValueError) as error:
            self.refusal = self.refusal or f"it cannot be started: {error}"
        self.ended = True

    def _started(self) -> "subprocess.Popen[bytes]":
        # The same path, so that it finds every driver that this process has found.
        path = os.pathsep.join(os.path.abspath(place) for place in sys.path)  # noqa: PTH100 - a path may be empty
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": path},
            **own_session(),
        )
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        keep_from_children(process.stdin.fileno())
        with self._lock:
            self.pid, self._process = process.pid, process
            if self._over:
                process.kill()
        return process

    def _give(self, process: "subprocess.Popen[bytes]", order: bytes) -> None:
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        handle = process.stdin.fileno()
        left = memoryview(order + b"\n")
        while left:
            left = left[os.write(handle, left) :]
        never_wait(handle)

    def _hear(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        with process.stdout as answers:
            first = answers.readline()
            found = json.loads(first) if first.endswith(b"\n") else {}
            self.refusal = str(found.get("refused", ""))
            self._answered = time.monotonic()
            self.watching = bool(found.get("watching"))
            while os.read(answers.fileno(), 4096):
                self._answered = time.monotonic()
