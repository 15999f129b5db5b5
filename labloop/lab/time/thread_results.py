"""What threads complete, delivered to the simulated loop in an order that does not vary."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class ThreadResults:
    """Waiters for futures that threads complete.

    They are resolved in the order in which they were added, and only when all of them have
    completed: how long a thread took in wall time cannot change the order of anything.

    Args:
        wake: is called, from any thread, when the last one has completed.
    """

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self._waiters: list[asyncio.Future[None]] = []
        self._incomplete = 0
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._waiters)

    def add(self, future: "Future[Any]", waiter: "asyncio.Future[None]") -> None:
        """Let ``waiter`` be resolved when ``future`` has completed; in the loop."""
        self._waiters.append(waiter)
        with self._lock:
            self._incomplete += 1
        future.add_done_callback(self._completed)

    def deliver(self) -> bool:
        """Resolve all waiters if all futures have completed; return whether they have."""
        with self._lock:
            if self._incomplete:
                return False
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        return True

    def _completed(self, _: "Future[Any]") -> None:
        with self._lock:
            self._incomplete -= 1
            last = self._incomplete == 0
        if last:
            self._wake()
