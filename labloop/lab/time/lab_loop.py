"""The lab's event loop in real time, and the interface that the simulated one shares."""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """A selector whose loop decides how to wait."""

    owner: "LabLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return what became ready; the loop decides how long to wait for it."""
        return self.owner.wait(timeout)

    def poll(self, timeout: float | None) -> list[Any]:
        """Wait on the operating system's selector."""
        return super().select(timeout)


class LabLoop(asyncio.SelectorEventLoop):
    """An event loop that counts its iterations, for the monitor, and can be simulated."""

    simulated: ClassVar[bool] = False
    """Whether lab time is simulated."""

    def __init__(self) -> None:
        self.selector = _Selector()
        self.selector.owner = self
        super().__init__(self.selector)
        self.iterations = 0
        """Iterations so far; a loop whose count stands still and that is not asleep is blocked."""
        self.asleep = False

    def wait(self, timeout: float | None) -> list[Any]:
        """Wait until something is ready, at most ``timeout`` seconds."""
        self.iterations += 1
        return self._sleep(timeout)

    def _sleep(self, seconds: float | None) -> list[Any]:
        """Wait on the operating system, marked as asleep for the monitor."""
        self.asleep = True
        try:
            return self.selector.poll(seconds)
        finally:
            self.asleep = False

    def call_when_idle(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` in the loop; may be called from any thread."""
        self.call_soon_threadsafe(callback)

    def freeze(self) -> None:
        """Stop lab time, where it is simulated."""

    def unfreeze(self) -> None:
        """Take one :meth:`freeze` back."""

    def jump(self, when: float) -> bool:  # noqa: ARG002 - the simulated loop can
        """Go to lab second ``when`` at once and return True, where nothing comes before it."""
        return False

    def do_at(self, when: float, callback: Callable[..., object], *args: Any) -> None:
        """Call ``callback(*args)`` at loop time ``when``; it must not raise."""
        self.call_at(when, callback, *args)

    def wake_at(self, when: float, waiter: "asyncio.Future[None]") -> None:
        """Resolve ``waiter`` at loop time ``when``, unless it is done already."""
        timer = self.call_at(when, resolve, waiter)
        # A long wait that was cancelled leaves nothing behind.
        waiter.add_done_callback(lambda _: timer.cancel())

    async def external(
        self,
        future: "Future[T]",
        *,
        long: bool = False,  # noqa: ARG002 - the simulated loop cares
        patience: float | None = None,  # noqa: ARG002 - the simulated loop cares
    ) -> T:
        """Wait for a future that a thread completes, and return its result."""
        waiter = self.create_future()
        future.add_done_callback(lambda _: self._resolve_threadsafe(waiter))
        await waiter
        return future.result()

    def _resolve_threadsafe(self, waiter: "asyncio.Future[None]") -> None:
        try:
            self.call_soon_threadsafe(resolve, waiter)
        except RuntimeError:
            # The loop is closed: nobody waits any more.
            return


def resolve(waiter: "asyncio.Future[None]") -> None:
    """Let whoever awaits ``waiter`` go on."""
    if not waiter.done():
        waiter.set_result(None)
