"""One thread per port, for calls that block: in order, but urgent ones first."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from labloop.errors import NotConnectedError

T = TypeVar("T")


class PortThread:
    """Carries calls out one after another; a daemon, so that a hung port does not keep the process.

    Args:
        name: names the thread.
    """

    def __init__(self, name: str) -> None:
        self._calls: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._name = f"labloop-port-{name}"
        self._closed = False

    def submit(self, call: Callable[[], T], *, urgent: bool = False) -> "Future[T]":
        """Queue a call; an urgent one goes ahead of all that wait."""
        future: Future[T] = Future()
        with self._changed:
            if self._closed and not self._calls:
                future.set_exception(NotConnectedError(f"the line {self._name} was given back"))
                return future
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            if urgent:
                self._calls.appendleft((call, future))
            else:
                self._calls.append((call, future))
            self._changed.notify()
        return future

    def close(self) -> None:
        """End the thread after what is queued."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._calls and not self._closed:
                    self._changed.wait()
                if not self._calls:
                    return
                call, future = self._calls.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = call()
            except Exception as error:  # noqa: BLE001 - process edge: raised where it is awaited
                future.set_exception(error)
            else:
                future.set_result(result)
            del call, future
