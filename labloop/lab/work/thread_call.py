"""A function in a thread of its own: awaited where it is a coroutine, bounded in time."""

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

from labloop.errors import ExperimentCancelled, UncertainError, WorkTimeoutError
from labloop.lab.work.progress import CURRENT, captured_output
from labloop.lab.work.work import WorkCall

_CANCEL_SECONDS = 5.0
"""How long a coroutine has to end after it was cancelled."""


class ThreadCall:
    """Calls a function in a new daemon thread and waits for it.

    A coroutine is cancelled by a time-out and by a stop. A plain function cannot be ended: after a
    time-out its thread goes on and is left in ``call.left``; a stop waits for it.

    Args:
        func: the user's function.
        call: what it is given.
        name: its name, for messages.
        timeout: seconds; None for never.
        repeatable: whether a function that is still running does no harm.
    """

    def __init__(
        self,
        func: Callable[..., Any],
        call: WorkCall,
        *,
        name: str,
        timeout: float | None,
        repeatable: bool,
    ) -> None:
        self._func = func
        self._call = call
        self._name = name
        self._timeout = timeout
        self._repeatable = repeatable
        self._future: Future[Any] = Future()
        self._cancel: Callable[[], object] | None = None
        """What cancels the coroutine, while one runs."""
        self._timed_out = False
        self._lock = threading.RLock()

    def result(self) -> Any:
        """Carry it out; raises what the function raised, see :meth:`Work.carry_out`."""
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=context.run, args=(self._run,), name=f"labloop-{self._name}", daemon=True
        )
        with captured_output(), self._call.stop.calling(self._cancel_coroutine):
            thread.start()
            if self._waited(self._timeout):
                return self._ended()
            self._timed_out = True
            self._cancel_coroutine()
            is_coroutine = self._cancel is not None
            if (is_coroutine and self._waited(_CANCEL_SECONDS)) or self._future.done():
                return self._ended()
        self._call.left = thread
        what = f"{self._name} did not return within {self._timeout:g} s"
        if self._repeatable:
            raise WorkTimeoutError(f"{what}; its thread cannot be ended and still runs")
        raise UncertainError(
            f"{what}; its thread cannot be ended and still runs, so it may still have an effect "
            "(with process=True it would have been ended)"
        )

    def _waited(self, seconds: float | None) -> bool:
        """Wait for the function, and return whether it has ended."""
        ended = threading.Event()
        self._future.add_done_callback(lambda _: ended.set())
        return ended.wait(seconds)

    def _ended(self) -> Any:
        try:
            return self._future.result()
        except asyncio.CancelledError as error:
            if self._timed_out:
                raise WorkTimeoutError(
                    f"{self._name} did not return within {self._timeout:g} s and was cancelled"
                ) from error
            if self._call.stop:
                raise ExperimentCancelled(self._call.stop.reason) from error
            raise

    def _cancel_coroutine(self) -> None:
        with self._lock:
            if self._cancel is not None:
                self._cancel()

    def _run(self) -> None:
        CURRENT.set(self._call.record)
        try:
            returned = self._func(*self._call.args)
            if inspect.isawaitable(returned):
                returned = asyncio.run(self._awaited(returned))
        except BaseException as error:  # noqa: BLE001 - process edge: a person's code, also its sys.exit
            self._future.set_exception(error)
        else:
            self._future.set_result(returned)

    async def _awaited(self, returned: Awaitable[Any]) -> Any:
        """Carry a coroutine to its end in this thread, unless it is cancelled."""
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None  # noqa: S101 - a coroutine that asyncio.run runs
        with self._lock:
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
            if self._timed_out or self._call.stop:
                task.cancel()
        try:
            return await returned
        finally:
            with self._lock:
                self._cancel = None
