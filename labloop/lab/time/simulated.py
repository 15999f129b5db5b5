"""Simulated time: an event loop that jumps from timer to timer."""

import asyncio
import heapq
import math
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context
from typing import Any, TypeVar

from labloop.lab.time.event_queue import EventQueue
from labloop.lab.time.lab_loop import resolve
from labloop.lab.time.lock_wakeup import LockWakeupLoop
from labloop.lab.time.thread_results import ThreadResults

T = TypeVar("T")

_RESOLUTION = 1e-7
"""Timers closer together than this (lab seconds) fire in one iteration, in order of their time."""
_MOST_JUMPS = 256
"""Jumps without an iteration of the loop; then calls from other threads are looked for."""


class _Timer(asyncio.TimerHandle):
    """A timer that keeps its place among timers of the same second."""

    __slots__ = ("order",)

    order: int
    _when: float
    _scheduled: bool

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, _Timer):
            return NotImplemented
        if self._when != other._when:
            return self._when < other._when
        return self.order < other.order


class SimulatedLoop(LockWakeupLoop):
    """Never sleeps: where nothing is ready and lab time is not frozen, goes to the next event.

    Args:
        factor: lab seconds per wall second; None is as fast as possible.
    """

    simulated = True

    # CPython's own queues; the base class has no types for them.
    _ready: "deque[asyncio.Handle]"
    _scheduled: "list[Any]"
    _timer_cancelled_count: int

    def __init__(self, factor: float | None = None) -> None:
        self._now = 0.0
        self._factor = factor
        self._paced = factor is not None
        """Whether something else than the next event says when lab time goes on."""
        self._freezes = 0
        self._jumps = 0
        """Jumps since the last iteration."""
        self._order = 0
        self._events = EventQueue()
        self._thread_results = ThreadResults(self._write_to_self, self._resolve_threadsafe)
        self._idle_calls: deque[Callable[[], object]] = deque()
        super().__init__()
        self._clock_resolution = _RESOLUTION

    def time(self) -> float:
        """Return lab seconds."""
        return self._now

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call ``callback`` at lab second ``when``; at the same second, in order of calls."""
        self._order += 1
        timer = _Timer(when, callback, args, self, context)
        timer.order = self._order
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True  # noqa: SLF001 - as the base class does
        return timer

    def do_at(self, when: float, callback: Callable[..., object], *args: Any) -> None:
        """See :meth:`LabLoop.do_at`."""
        self._order += 1
        self._events.add(when, self._order, callback, args)

    def wake_at(self, when: float, waiter: "asyncio.Future[None]") -> None:
        """See :meth:`LabLoop.wake_at`."""
        self._order += 1
        self._events.add(when, self._order, resolve, (waiter,), waiter)

    def freeze(self) -> None:
        """Stop lab time until as many calls of :meth:`unfreeze` came."""
        self._freezes += 1

    def unfreeze(self) -> None:
        """Take one :meth:`freeze` back."""
        self._freezes -= 1

    def call_when_idle(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` in the loop when nothing else can happen at this lab second.

        May be called from any thread. As long as lab time is frozen, the moment of the call
        does not depend on wall time.
        """
        self._idle_calls.append(callback)
        self._write_to_self()

    def jump(self, when: float) -> bool:
        """Go to lab second ``when`` at once and return True, where nothing comes before it.

        The same as a timer at ``when``, without an iteration of the loop: only where that timer
        would be the very next thing to happen.
        """
        if (
            self._ready
            or self._freezes
            or self._thread_results
            or self._idle_calls
            or self._paced
            or self._jumps >= _MOST_JUMPS
        ):
            return False
        scheduled = self._scheduled
        # Cancelled timers are looked through only where one seems to come first.
        early = (scheduled and scheduled[0]._when <= when) or self._events.comes_before(when)  # noqa: SLF001 - its only time
        if early and self._next_time() <= when:
            return False
        self._jumps += 1
        self._now = when
        return True

    async def external(
        self, future: "Future[T]", *, long: bool = False, patience: float | None = None
    ) -> T:
        """Wait for a future that a thread completes, and return its result.

        Lab time stands still meanwhile, except where ``long`` says that it may take days, and
        for at most ``patience`` seconds of wall time. A wait with patience that is cancelled
        stops lab time no more.
        """
        if long:
            return await super().external(future)
        waiter = self.create_future()
        self._thread_results.add(future, waiter, patience)
        try:
            await waiter
        finally:
            if patience is not None:
                self._thread_results.release(waiter)
        return future.result()

    def wait(self, timeout: float | None) -> list[Any]:
        """Do what comes next when nothing is ready: deliver, call, advance, or sleep."""
        self._jumps = 0
        self.iterations += 1
        if timeout == 0:
            # Callbacks of other threads are in the queue already; the pipe only wakes.
            return []
        # What happens without an iteration of the loop is bounded: threads must be heard, too.
        for _ in range(_MOST_JUMPS):
            when = self._next_time()
            if when > self._now:
                if self._serve_threads():
                    break
                if self._thread_results or self._freezes or self._is_endless(when):
                    events = self._sleep(self._thread_results.patience())
                    if events or self._ready:
                        return events
                    self._thread_results.release_late()
                    # A thread woke the loop without a callback: served above, without returning.
                    self.iterations += 1
                    continue
                if self._paced:
                    return self._pace(when)
                self._now = when
            if not self._fire_event() or self._ready:
                break
        return []

    def _serve_threads(self) -> bool:
        """Deliver what threads completed, else make one idle call; return whether it was so."""
        if self._thread_results:
            return self._thread_results.deliver()
        if self._idle_calls:
            self.call_soon(self._idle_calls.popleft())
            return True
        return False

    def _next_time(self) -> float:
        """Return the lab second of the next timer or event; infinity where there is none."""
        scheduled = self._scheduled
        while scheduled and scheduled[0]._cancelled:  # noqa: SLF001 - as the base class does
            self._timer_cancelled_count -= 1
            heapq.heappop(scheduled)._scheduled = False  # noqa: SLF001 - as the base class does
        when = self._events.next_time()
        return min(scheduled[0]._when, when) if scheduled else when  # noqa: SLF001 - its only time

    def _fire_event(self) -> bool:
        """Fire the next event that is due; return False where a timer of asyncio comes first."""
        first = self._events.next_key()
        if first[0] > self._now:
            return False
        if self._scheduled:
            timer = self._scheduled[0]
            if (timer._when, timer.order) < first:  # noqa: SLF001 - its only time
                return False
        self._events.fire()
        return True

    def _is_endless(self, when: float) -> bool:
        """Return whether the wait for lab second ``when`` is one for other threads alone."""
        return when == math.inf

    def _pace(self, when: float) -> list[Any]:
        """Sleep until lab second ``when``, or until a thread wakes the loop."""
        factor = self._factor or 1.0
        began = time.monotonic()
        events = self._sleep((when - self._now) / factor)
        passed = (time.monotonic() - began) * factor
        self._now = min(when, self._now + passed) if events or self.woken else when
        return events
