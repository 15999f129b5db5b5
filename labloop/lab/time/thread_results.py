"""What threads complete, delivered to the simulated loop in an order that does not vary."""

import asyncio
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class _Pending:
    """One future of a thread, and the waiter in the loop."""

    __slots__ = ("counted", "end", "results", "waiter")

    def __init__(
        self, results: "ThreadResults", waiter: "asyncio.Future[None]", patience: float | None
    ) -> None:
        self.results = results
        self.waiter = waiter
        self.counted = True
        """Whether it is still waited for; guarded by the lock."""
        self.end = math.inf if patience is None else time.monotonic() + patience

    def __call__(self, _: "Future[Any]") -> None:
        """Note that the future has completed; called in any thread."""
        self.results.complete(self)


class ThreadResults:
    """Waiters for futures that threads complete.

    They are resolved in the order in which they were added, and only when all of them have
    completed: how long a thread took in wall time cannot change the order of anything. One
    that takes longer than its patience is released, and resolved by itself later.

    Args:
        wake: is called, from any thread, when the last one has completed.
        resolve: resolves a waiter that was released, from any thread.
    """

    def __init__(
        self, wake: Callable[[], object], resolve: Callable[["asyncio.Future[None]"], object]
    ) -> None:
        self._wake = wake
        self._resolve = resolve
        self._awaited: list[_Pending] = []
        self._incomplete = 0
        self._bounded = 0
        """How many of them are waited for with patience."""
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._awaited)

    def add(
        self, future: "Future[Any]", waiter: "asyncio.Future[None]", patience: float | None = None
    ) -> None:
        """Resolve ``waiter`` when ``future`` has completed; called in the loop.

        Args:
            future: is completed by a thread.
            waiter: of the loop.
            patience: seconds of wall time after which it is released; None for never.
        """
        one = _Pending(self, waiter, patience)
        self._awaited.append(one)
        self._bounded += patience is not None
        with self._lock:
            self._incomplete += 1
        future.add_done_callback(one)

    def deliver(self) -> bool:
        """Resolve all waiters if all futures have completed; return whether they have."""
        with self._lock:
            if self._incomplete:
                return False
        complete, self._awaited = self._awaited, []
        self._bounded = 0
        for one in complete:
            if not one.waiter.done():
                one.waiter.set_result(None)
        return True

    def complete(self, one: _Pending) -> None:
        """Count a completed future; called in any thread."""
        with self._lock:
            counted, one.counted = one.counted, False
            self._incomplete -= counted
            last = counted and self._incomplete == 0
        if not counted:
            self._resolve(one.waiter)
        elif last:
            self._wake()

    def patience(self) -> float | None:
        """Return seconds of wall time until the first one must be released; None for never."""
        if not self._bounded:
            return None
        end = min((one.end for one in self._awaited), default=math.inf)
        return None if end == math.inf else max(end - time.monotonic(), 0.0)

    def release_late(self) -> None:
        """Release those whose patience is over."""
        if self._bounded:
            now = time.monotonic()
            for one in [each for each in self._awaited if each.end <= now]:
                self._release(one)

    def release(self, waiter: "asyncio.Future[None]") -> None:
        """Release the future of ``waiter``, unless it has completed."""
        for one in [each for each in self._awaited if each.waiter is waiter]:
            self._release(one)

    def _release(self, one: _Pending) -> None:
        with self._lock:
            counted, one.counted = one.counted, False
            self._incomplete -= counted
        if counted:
            self._awaited.remove(one)
            self._bounded -= 1
