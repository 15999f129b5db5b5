"""Lab time: one clock for drivers, procedures and the gate, in real and in simulated time."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from labloop.errors import DeviceTimeoutError
from labloop.lab.time.lab_loop import LabLoop

T = TypeVar("T")

_END: ContextVar[float] = ContextVar("_END", default=math.inf)
"""Lab second at which the innermost deadline of the running task strikes."""


class Clock:
    """Lab seconds since the lab was opened, and every way to wait for them.

    Args:
        loop: the lab's event loop.
    """

    __slots__ = ("_loop", "_origin", "_time", "jump", "now")

    def __init__(self, loop: LabLoop) -> None:
        self._loop = loop
        self._time = loop.time
        self._origin = loop.time()
        self.now: Callable[[], float] = self._since if self._origin else self._time
        """Returns the lab seconds since the lab was opened."""
        self.jump: Callable[[float], bool] = self._jump if self._origin else loop.jump
        """Goes to a lab second at once and returns True, where nothing comes before it.

        Where it returns False, await :meth:`until`.
        """

    @property
    def loop(self) -> LabLoop:
        """The lab's event loop."""
        return self._loop

    def _since(self) -> float:
        return self._time() - self._origin

    async def sleep(self, seconds: float) -> None:
        """Let ``seconds`` of lab time pass."""
        await self.until(self.now() + max(seconds, 0.0))

    def _jump(self, moment: float) -> bool:
        return self._loop.jump(moment + self._origin)

    def at(self, moment: float, callback: Callable[..., object], *args: Any) -> None:
        """Call ``callback`` at lab second ``moment``, or soon where that is over.

        The callback must not raise.
        """
        self._loop.do_at(moment + self._origin, callback, *args)

    async def until(self, moment: float) -> None:
        """Wait until lab second ``moment``."""
        when = moment + self._origin
        if when <= self._time():
            await asyncio.sleep(0)
            return
        if self._loop.jump(when):
            return
        waiter = self._loop.create_future()
        self._loop.wake_at(when, waiter)
        await waiter

    @asynccontextmanager
    async def deadline(
        self, seconds: float | None, what: str = "the device"
    ) -> AsyncIterator[None]:
        """Bound a block to ``seconds`` of lab time.

        Args:
            seconds: None for no bound.
            what: what was not ready in time, for the message.

        Raises:
            DeviceTimeoutError: the block did not end in time.
        """
        outer = _END.get()
        end = math.inf if seconds is None else self.now() + seconds
        token = _END.set(min(outer, end))
        try:
            async with asyncio.timeout(seconds) as bound:
                yield
        except TimeoutError as error:
            if not bound.expired():
                raise
            raise DeviceTimeoutError(f"{what} was not ready within {seconds:g} s") from error
        finally:
            _END.reset(token)

    @property
    def left(self) -> float:
        """Lab seconds until the deadline of the running task; infinity without one."""
        return _END.get() - self.now()

    async def external(
        self, future: "Future[T]", *, long: bool = False, patience: float | None = None
    ) -> T:
        """Wait for a future that a thread completes, and return its result.

        The one way to wait for anything outside of the event loop. In simulated time lab time
        stands still meanwhile.

        Args:
            future: is completed by a thread.
            long: for what may take days, such as the answer of a person: lab time goes on.
            patience: for what may hang: lab time stands still for so many seconds of wall time,
                and then goes on, so that a deadline ends the wait. None is for ever.
        """
        return await self._loop.external(future, long=long, patience=patience)

    async def kept(self, future: "Future[T]") -> T:
        """Wait for what a thread completes, also where the caller is cancelled meanwhile.

        Raises:
            asyncio.CancelledError: afterwards, where the caller was cancelled meanwhile. An
                error of the thread has precedence.
        """
        cancelled: asyncio.CancelledError | None = None
        while True:
            try:
                result = await self._loop.external(future)
            except asyncio.CancelledError as error:
                cancelled = error
                continue
            if cancelled is not None:
                raise cancelled
            return result

    async def finish(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run ``coroutine`` to its end, also where the caller is cancelled meanwhile.

        Raises:
            asyncio.CancelledError: afterwards, where the caller was cancelled meanwhile. An
                error of the coroutine has precedence.
        """
        task = self._loop.create_task(coroutine)
        cancelled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError as error:
                if task.cancelled():
                    raise
                cancelled = error
            except BaseException:  # noqa: BLE001 - task.result() raises it below
                break
        if cancelled is not None:
            if not task.cancelled() and task.exception() is not None:
                raise task.exception() from cancelled  # type: ignore[misc]
            raise cancelled
        return task.result()
