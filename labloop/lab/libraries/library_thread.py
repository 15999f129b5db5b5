"""A thread for one library, on which its calls run one after another."""

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
    """One call of a library."""

    work: Callable[[], Any]
    """Is called on the thread; an awaitable that it returns is awaited there."""
    description: str
    """The call with its arguments, for messages."""
    on_begin: Callable[[], object]
    """Is called on the thread, just before ``work``."""
    urgent: bool = False
    """Whether it goes ahead of the queue; a call that blocks the thread it must wait for."""
    future: "Future[Any]" = field(default_factory=Future)
    begun: "Future[None]" = field(default_factory=Future)
    """Completes when the call begins."""
    task: "asyncio.Task[None] | None" = None


class LibraryThread:
    """A daemon thread with an event loop of its own, for blocking and for ``async`` libraries.

    A blocking call blocks the thread; a coroutine runs in its event loop, which also runs between
    two calls, for the background tasks of such a library.

    Args:
        name: names the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = f"labloop-library-{name}"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()
        self._users = 0
        self.running: LibraryCall | None = None
        """The call that is under way."""

    def shared(self) -> "LibraryThread":
        """Return it for one more user: it ends when the last one closes it."""
        self._users += 1
        return self

    def submit(self, call: LibraryCall) -> None:
        """Queue a call; its future completes with it."""
        if self._loop is None:
            self._start()
        self._in_loop(lambda loop: self._create_task(loop, call))

    def give_up(self, call: LibraryCall) -> None:
        """Cancel ``call``: one in the queue never begins, a coroutine is cancelled.

        A call that blocks the thread goes on until it ends by itself.
        """
        if call.future.cancel():
            return
        self._in_loop(lambda _: call.task and call.task.cancel())

    def close(self) -> None:
        """End the thread after the running call; one that others use goes on."""
        self._users -= 1
        if self._users > 0:
            return
        self._in_loop(lambda loop: loop.stop())
        self._loop = None

    def _start(self) -> None:
        loop = self._loop = asyncio.SelectorEventLoop()
        thread = threading.Thread(target=_run_loop, args=(loop,), name=self._name, daemon=True)
        thread.start()

    def _in_loop(self, do: Callable[[asyncio.AbstractEventLoop], object]) -> None:
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(do, loop)

    def _create_task(self, loop: asyncio.AbstractEventLoop, call: LibraryCall) -> None:
        call.task = loop.create_task(self._run(call))

    async def _run(self, call: LibraryCall) -> None:
        async with AsyncExitStack() as stack:
            if not call.urgent:
                await stack.enter_async_context(self._lock)
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


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Run a library's event loop until it is stopped, then cancel its remaining tasks."""
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
