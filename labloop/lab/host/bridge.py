"""The one way from other threads into the lab's event loop."""

import asyncio
import threading
from collections.abc import Callable

from labloop.errors import LabloopError
from labloop.lab.time import LabLoop


class Bridge:
    """Owns the thread that runs the lab's event loop.

    Args:
        loop: is run by the thread, and closed by it.
        name: names the thread.
    """

    def __init__(self, loop: LabLoop, name: str) -> None:
        self.loop = loop
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"labloop-{name}", daemon=True)

    @property
    def thread_id(self) -> int:
        """The identity of the loop's thread."""
        return self._thread.ident or 0

    def open(self) -> None:
        """Start the thread."""
        self._thread.start()

    def enter(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` in the loop, when nothing else can happen at this lab second.

        Raises:
            LabloopError: called from the loop's own thread, which would wait for itself, or after
                :meth:`close`.
        """
        if threading.get_ident() == self._thread.ident:
            raise LabloopError(
                "the lab was called from inside its own loop, where it would wait for itself "
                "forever; in a procedure use `lab` and `await` instead"
            )
        with self._lock:
            if self._closed:
                raise LabloopError("the lab is closed; open it with `with host:` first")
            self.loop.call_when_idle(callback)

    def interrupt(self, callback: Callable[[], object]) -> None:
        """Call ``callback`` in the loop as soon as possible, from any thread; never waits."""
        try:
            self.loop.call_soon_threadsafe(callback)
        except RuntimeError:
            # The loop is closed: nothing is left to interrupt.
            return

    def close(self, seconds: float) -> bool:
        """Stop the loop and end the thread; return whether it ended within ``seconds``."""
        with self._lock:
            self._closed = True
        self.interrupt(self.loop.stop)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self._run_loop()
        finally:
            self._end_tasks()
            asyncio.set_event_loop(None)
            self.loop.close()

    def _run_loop(self) -> None:
        """Run the loop until it is closed, whatever a user's code raises in it.

        asyncio lets SystemExit and KeyboardInterrupt of a task end the whole loop; the task has
        the exception, too, so nothing is lost.
        """
        while True:
            try:
                self.loop.run_forever()
            except (SystemExit, KeyboardInterrupt):
                if not self._closed:
                    continue
            return

    def _end_tasks(self) -> None:
        """Cancel the remaining tasks, which would cause warnings at the end of the process."""
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks, timeout=1.0))
