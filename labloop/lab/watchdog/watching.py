"""Watches one process through a pipe: alive, silent for too long, dead, or ended in order."""

import queue
import time
from collections.abc import Callable
from enum import Enum

from labloop.lab.process import END, OtherProcess

_SLICE = 0.05
"""Seconds between two looks."""
_MOST_OF_A_SLICE = 0.5
"""Of the time for which this process did not run itself, such as a sleeping computer, so much
counts as silence."""


class End(Enum):
    """How the watching ended."""

    IN_ORDER = "ended in order"
    DEAD = "died"
    SILENT = "gave no sign of life"


def watch(
    said: "queue.Queue[bytes]", owner: OtherProcess, after: float, answer: Callable[[], object]
) -> End:
    """Watch until there is nothing more to watch; return how it ended.

    The silence is counted from the first beat on: before it the owner has sent nothing.

    Args:
        said: what came through the pipe; empty bytes where its other end was closed.
        owner: the process that is watched.
        after: seconds of silence.
        answer: is called after each beat.
    """
    armed, silent, looked = False, 0.0, time.monotonic()
    while True:
        try:
            words = said.get(timeout=_SLICE)
        except queue.Empty:
            now = time.monotonic()
            silent, looked = silent + min(now - looked, _MOST_OF_A_SLICE), now
            # A forked child of the owner may hold the pipe open.
            if not owner.is_alive():
                return End.DEAD if armed else End.IN_ORDER
            if armed and silent >= after:
                return End.SILENT
            continue
        silent, looked = 0.0, time.monotonic()
        if END in words:
            return End.IN_ORDER
        if not words:
            return _closed(owner, after) if armed else End.IN_ORDER
        armed = True
        answer()


def _closed(owner: OtherProcess, seconds: float) -> End:
    """Return the end of a pipe that was closed without a word: its files close before it is dead.

    An owner that lives has let this process go, and starts another one.
    """
    return End.DEAD if owner.wait(seconds) else End.IN_ORDER
