"""Simulated time: an event loop that jumps from timer to timer."""

import asyncio
import heapq
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context
from typing import Any, TypeAlias, TypeVar

from labloop.lab.time.lab_loop import LabLoop, resolve

T = TypeVar("T")

_RESOLUTION = 1e-7
"""Timers closer together than this (lab seconds) fire in one turn, in order of their time."""
_LONGEST_STREAK = 256
"""So many jumps without a turn of the loop: then whoever knocks from outside is heard."""

_Moment: TypeAlias = tuple[
    float, int, "asyncio.Future[None] | None", Callable[..., object], tuple[Any, ...]
]
"""Lab second, order, who waits for it (None: it happens in any case), what to call.

Most of what happens in a lab needs no handle, no context and no turn of the loop: a plain
tuple is compared in C.
"""


class _Timer(asyncio.TimerHandle):
    """A timer that keeps its place in line: the base class leaves ties to the heap."""

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


class SimulatedLoop(LabLoop):
    """Never sleeps: when nothing is ready and nobody holds it, goes to the next timer.

    What threads complete is delivered in the order in which it was asked for, and only when
    nothing else is ready and all of it has completed: how long a thread took in wall time
    cannot change the order of anything.

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
        self._holds = 0
        self._streak = 0
        self._order = 0
        self._externals: list[asyncio.Future[None]] = []
        self._pending = 0
        self._lock = threading.Lock()
        self._visitors: deque[Callable[[], object]] = deque()
        self._moments: list[_Moment] = []
        self._bell = threading.Lock()
        self._bell.acquire()
        self._knocked = False
        self._files = False
        super().__init__()
        self._files = False
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
        """Call ``callback`` at lab second ``when``; at the same second, in order of asking."""
        self._order += 1
        timer = _Timer(when, callback, args, self, context)
        timer.order = self._order
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True  # noqa: SLF001 - as the base class does
        return timer

    def do_at(self, when: float, callback: Callable[..., object], *args: Any) -> None:
        """Call ``callback(*args)`` at lab second ``when``; it must not raise."""
        self._order += 1
        heapq.heappush(self._moments, (when, self._order, None, callback, args))

    def wake_at(self, when: float, waiter: "asyncio.Future[None]") -> None:
        """Resolve ``waiter`` at lab second ``when``, where it is still waited for."""
        self._order += 1
        heapq.heappush(self._moments, (when, self._order, waiter, resolve, (waiter,)))

    def hold(self) -> None:
        """Stop lab time until as many releases came."""
        self._holds += 1

    def release(self) -> None:
        """Take one hold back."""
        self._holds -= 1

    def at_rest(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` in the loop when nothing else can happen at this lab time.

        May be called from any thread. Whoever enters from outside does so at a moment that
        does not depend on wall time, as long as lab time is held.
        """
        self._visitors.append(callback)
        self._write_to_self()

    def jump(self, when: float) -> bool:
        """Go to lab second ``when`` at once and return True, where nothing lies before it.

        The same as a timer at ``when``, without a turn of the loop: only where that timer
        would be the very next thing to happen.
        """
        if (
            self._ready
            or self._holds
            or self._externals
            or self._visitors
            or self._factor is not None
            or self._streak >= _LONGEST_STREAK
        ):
            return False
        scheduled, moments = self._scheduled, self._moments
        # Cancelled timers are looked through only where one seems to come first.
        early = (scheduled and scheduled[0]._when <= when) or (moments and moments[0][0] <= when)  # noqa: SLF001 - its only time
        if early and self._next() <= when:
            return False
        self._streak += 1
        self._now = when
        return True

    async def external(self, future: "Future[T]", *, long: bool = False) -> T:
        """Wait for a future that a thread completes, and return its result.

        Lab time stands still meanwhile, except where ``long`` says that it may take days.
        """
        if long:
            return await super().external(future)
        waiter = self.create_future()
        self._externals.append(waiter)
        with self._lock:
            self._pending += 1
        future.add_done_callback(self._completed)
        await waiter
        return future.result()

    def wait(self, timeout: float | None) -> list[Any]:
        """Do what comes next when nothing is ready: deliver, let in, advance, or sleep."""
        self._streak = 0
        self.beats += 1
        if timeout == 0:
            # Callbacks of other threads stand in the queue already; the pipe only wakes.
            return []
        # What happens without a turn of the loop is bounded: threads must be heard, too.
        for _ in range(_LONGEST_STREAK):
            when = self._next()
            if when > self._now:
                if self._let_in():
                    break
                if self._externals or self._holds or when == math.inf:
                    events = self._sleep(None)
                    if events or self._ready:
                        return events
                    # Who knocked without a callback is let in here: that saves a turn.
                    self.beats += 1
                    continue
                if self._factor is not None:
                    return self._pace(when, self._factor)
                self._now = when
            if not self._strike() or self._ready:
                break
        return []

    def _let_in(self) -> bool:
        """Deliver what threads completed, else let one visitor in; return whether it was so."""
        if self._externals:
            return self._deliver()
        if self._visitors:
            self.call_soon(self._visitors.popleft())
            return True
        return False

    def _sleep(self, seconds: float | None) -> list[Any]:
        """Wait until somebody knocks: on a lock, which costs a fraction of pipe and selector."""
        if self._files:
            # Somebody's library waits for a socket of its own.
            self._knocked = self._bell.acquire(blocking=False)
            return [] if self._knocked else super()._sleep(seconds)
        self.asleep = True
        try:
            self._knocked = self._bell.acquire(timeout=-1 if seconds is None else max(seconds, 0.0))
        finally:
            self.asleep = False
        return []

    def _write_to_self(self) -> None:
        """Knock; called from any thread."""
        with suppress(RuntimeError):
            # A lock that is free cannot be released: somebody has knocked already.
            self._bell.release()
        if self._files:
            super()._write_to_self()  # type: ignore[misc]

    def _add_reader(self, fd: Any, callback: Callable[..., object], *args: Any) -> Any:
        self._files = True
        return super()._add_reader(fd, callback, *args)  # type: ignore[misc]

    def _add_writer(self, fd: Any, callback: Callable[..., object], *args: Any) -> Any:
        self._files = True
        return super()._add_writer(fd, callback, *args)  # type: ignore[misc]

    def _next(self) -> float:
        """Return the lab second of the next timer or moment; infinity where there is none."""
        scheduled, moments = self._scheduled, self._moments
        while scheduled and scheduled[0]._cancelled:  # noqa: SLF001 - as the base class does
            self._timer_cancelled_count -= 1
            heapq.heappop(scheduled)._scheduled = False  # noqa: SLF001 - as the base class does
        while moments and (waiter := moments[0][2]) is not None and waiter.done():
            heapq.heappop(moments)
        when: float = scheduled[0]._when if scheduled else math.inf  # noqa: SLF001 - its only time
        return min(when, moments[0][0]) if moments else when

    def _strike(self) -> bool:
        """Do the next moment that is due; return False where a timer of asyncio comes first."""
        scheduled, moments = self._scheduled, self._moments
        if not moments or moments[0][0] > self._now:
            return False
        if scheduled:
            first = scheduled[0]
            if (first._when, first.order) < moments[0][:2]:  # noqa: SLF001 - its only time
                return False
        _, _, _, callback, args = heapq.heappop(moments)
        callback(*args)
        return True

    def _pace(self, when: float, factor: float) -> list[Any]:
        """Sleep until lab second ``when``, or until somebody knocks."""
        began = time.monotonic()
        events = self._sleep((when - self._now) / factor)
        passed = (time.monotonic() - began) * factor
        self._now = min(when, self._now + passed) if events or self._knocked else when
        return events

    def _deliver(self) -> bool:
        """Resolve what threads completed, in order of asking, if all of it is complete."""
        with self._lock:
            if self._pending:
                return False
        waiters, self._externals = self._externals, []
        for waiter in waiters:
            resolve(waiter)
        return True

    def _completed(self, _: "Future[Any]") -> None:
        with self._lock:
            self._pending -= 1
            last = self._pending == 0
        if last:
            self._write_to_self()
