"""The lab's event loop in real time, and what it shares with the simulated one."""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Asks its loop how to wait."""

    owner: "LabLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return what became ready; the loop decides how long that is waited for."""
        return self.owner.wait(timeout)

    def poll(self, timeout: float | None) -> list[Any]:
        """Wait in earnest."""
        return super().select(timeout)


class LabLoop(asyncio.SelectorEventLoop):
    """What both loops share: a heartbeat for the watchdog and two doors for the outside."""

    simulated: ClassVar[bool] = False
    """Whether lab time can run faster than life."""

    def __init__(self) -> None:
        self.selector = _Selector()
        self.selector.owner = self
        super().__init__(self.selector)
        self.beats = 0
        """Turns so far; the watchdog wonders where they stop."""
        self.asleep = False

    def wait(self, timeout: float | None) -> list[Any]:
        """Wait until something is ready, at most ``timeout`` seconds."""
        self.beats += 1
        return self._sleep(timeout)

    def _sleep(self, seconds: float | None) -> list[Any]:
        """Wait in earnest, marked as asleep for the watchdog."""
        self.asleep = True
        try:
            return self.selector.poll(seconds)
        finally:
            self.asleep = False

    def at_rest(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` in the loop; may be called from any thread."""
        self.call_soon_threadsafe(callback)

    def hold(self) -> None:
        """Stop lab time, where it can be stopped."""

    def release(self) -> None:
        """Take one hold back."""

    def jump(self, when: float) -> bool:  # noqa: ARG002 - the simulated loop can
        """Go to lab second ``when`` at once and return True, where nothing lies before it."""
        return False

    def do_at(self, when: float, callback: Callable[..., object], *args: Any) -> None:
        """Call ``callback(*args)`` at loop time ``when``; it must not raise."""
        self.call_at(when, callback, *args)

    def wake_at(self, when: float, waiter: "asyncio.Future[None]") -> None:
        """Resolve ``waiter`` at loop time ``when``, where it is still waited for."""
        timer = self.call_at(when, resolve, waiter)
        # A long wait that was cancelled leaves nothing behind.
        waiter.add_done_callback(lambda _: timer.cancel())

    async def external(self, future: "Future[T]", *, long: bool = False) -> T:  # noqa: ARG002 - the simulated loop cares
        """Wait for a future that a thread completes, and return its result."""
        waiter = self.create_future()
        future.add_done_callback(lambda _: self._knock(waiter))
        await waiter
        return future.result()

    def _knock(self, waiter: "asyncio.Future[None]") -> None:
        try:
            self.call_soon_threadsafe(resolve, waiter)
        except RuntimeError:
            # The loop is closed: nobody waits any more.
            return


def resolve(waiter: "asyncio.Future[None]") -> None:
    """Let whoever waits go on."""
    if not waiter.done():
        waiter.set_result(None)
