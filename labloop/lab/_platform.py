"""What differs between operating systems."""

import os
import time
from collections.abc import Callable
from typing import Any


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
