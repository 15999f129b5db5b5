"""One thread for one library: its calls happen there, one after another, in real time."""

import asyncio
import inspect
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class LibraryCall:
    """One call of a library, from the queue to its end."""

    work: Callable[[], Any]
    """What is called; where it returns an awaitable, that is awaited on the thread."""
    told: str
    """The call in words."""
    on_begin: Callable[[], object]
    """Is called on the thread, just before ``work``."""
    urgent: bool = False
    """Whether it does not wait for its turn: only where a call blocks the thread it must."""
    future: "Future[Any]" = field(default_factory=Future)
    begun: "Future[None]" = field(default_factory=Future)
    """Is resolved when it begins."""
    task: "asyncio.Task[None] | None" = None


class LibraryThread:
    """A daemon thread with an event loop of its own, for blocking and for ``async`` libraries.

    A blocking call holds the thread; a coroutine of a library runs in its loop, which goes on
    turning between two calls, as what such a library does in the background needs.

    Args:
        name: names the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = f"labloop-library-{name}"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._order = asyncio.Lock()
        self.running: LibraryCall | None = None
        """The call that is under way."""

    def submit(self, call: LibraryCall) -> None:
        """Queue a call; its future is resolved when it is over."""
        if self._loop is None:
            self._start()
        self._in_loop(lambda loop: self._take(loop, call))

    def give_up(self, call: LibraryCall) -> None:
        """Wait for ``call`` no more: one that waits never begins, a coroutine is cancelled.

        What blocks the thread goes on until it ends by itself.
        """
        if call.future.cancel():
            return
        self._in_loop(lambda _: call.task and call.task.cancel())

    def close(self) -> None:
        """End the thread after what it does now."""
        self._in_loop(lambda loop: loop.stop())
        self._loop = None

    def _start(self) -> None:
        loop = self._loop = asyncio.SelectorEventLoop()
        thread = threading.Thread(target=_turn, args=(loop,), name=self._name, daemon=True)
        thread.start()

    def _in_loop(self, do: Callable[[asyncio.AbstractEventLoop], object]) -> None:
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(do, loop)

    def _take(self, loop: asyncio.AbstractEventLoop, call: LibraryCall) -> None:
        call.task = loop.create_task(self._carry_out(call))

    async def _carry_out(self, call: LibraryCall) -> None:
        async with AsyncExitStack() as stack:
            if not call.urgent:
                await stack.enter_async_context(self._order)
            if not call.future.set_running_or_notify_cancel():
                return
            before, self.running = self.running, call
            call.begun.set_result(None)
            call.on_begin()
            try:
                result = call.work()
                if inspect.isawaitable(result):
                    result = await result
            except BaseException as error:  # noqa: BLE001 - process edge: raised where it is awaited
                call.future.set_exception(error)
            else:
                call.future.set_result(result)
            finally:
                self.running = before


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    """Run a library's loop until it is stopped; what it left running is cancelled."""
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
