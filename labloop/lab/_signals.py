"""Ctrl-C and SIGTERM end the lab safely instead of the process at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def signals_to(
    stop: Callable[[str], object], meanwhile: str = "every device is brought into its safe state"
) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM call ``stop(reason)`` for the length of the block.

    ``meanwhile`` says on the screen what happens then. A second signal is noted there and
    changes nothing. Outside of the main thread nothing is taken over, for signals arrive
    only there.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        name = signal.Signals(number).name
        first = not seen
        seen.append(number)
        if first:
            _say(f"\n{name}: stopping; {meanwhile}\n")
            stop(f"{name} received")
        else:
            _say(f"\n{name} again: noted; still stopping: {meanwhile}\n")

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str) -> None:
    # print() may be interrupted by this very handler and is not re-entrant.
    os.write(2, text.encode("ascii"))
