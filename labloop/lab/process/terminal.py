"""Writes to a terminal that may have gone: never raises, and never waits for long."""

import os
import queue
import sys
import threading
from contextlib import suppress
from typing import Self

SECONDS = 1.0
"""After so long without progress a terminal has stalled."""

_MOST_WAITING = 200
"""Texts kept for a stalled terminal, which may stall for days."""


class Terminal:
    """Writes to a file handle from a thread of its own.

    A closed terminal raises an error, one whose connection hangs blocks: neither may keep the
    caller from making devices safe. :meth:`write` may be called in a signal handler.

    Args:
        handle: an open file, 1 or 2 for the standard streams.
    """

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self._words: queue.SimpleQueue[bytes | threading.Event | None] = queue.SimpleQueue()
        self._stalled = False
        self._gone = False
        # A forked process does not have the thread.
        self._process = os.getpid()
        threading.Thread(target=self._work, name=f"labloop-terminal-{handle}", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.flush()
        self._words.put(None)

    def write(self, words: str | bytes) -> None:
        """Write soon; never waits and never raises."""
        data = words if isinstance(words, bytes) else words.encode(_encoding(), "replace")
        if os.getpid() != self._process:
            self._put_out(data)
        elif not (self._gone or (self._stalled and self._words.qsize() > _MOST_WAITING)):
            self._words.put(data)

    def flush(self, seconds: float | None = SECONDS) -> bool:
        """Wait until all is written, and return whether it is.

        Args:
            seconds: at most; None for no bound. A stalled terminal is not waited for again until
                it has taken something.
        """
        if os.getpid() != self._process or self._gone:
            return True
        if self._stalled and seconds is not None:
            return False
        done = threading.Event()
        self._words.put(done)
        written = done.wait(seconds)
        self._stalled = not written
        return written

    def _work(self) -> None:
        while (words := self._words.get()) is not None:
            if isinstance(words, threading.Event):
                words.set()
            else:
                self._put_out(words)
                self._stalled = False

    def _put_out(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self.handle, data) :]
        except OSError:
            # The terminal or the reader of the pipe has gone: nobody will ever read it.
            self._gone = True


def _encoding() -> str:
    return getattr(sys.stderr, "encoding", None) or "ascii"


def say(words: str) -> None:
    """Write a line to standard error and wait a moment for it; never raises."""
    try:
        terminal = Terminal(2)
    except RuntimeError:
        # The interpreter is ending and starts no thread any more.
        with suppress(OSError):
            os.write(2, f"{words}\n".encode(_encoding(), "replace"))
        return
    with terminal:
        terminal.write(f"{words}\n")
