"""One thread per port: whatever blocks is done there, in order, with a door for what is urgent."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from labloop.errors import NotConnectedError

T = TypeVar("T")


class PortThread:
    """Carries calls out one after another; a daemon, so that a hung port ends with the process.

    Args:
        name: names the thread.
    """

    def __init__(self, name: str) -> None:
        self._calls: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._name = f"labloop-port-{name}"
        self._closed = False

    def submit(self, call: Callable[[], T], *, urgent: bool = False) -> "Future[T]":
        """Queue a call; an urgent one goes ahead of all that wait."""
        future: Future[T] = Future()
        with self._news:
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
            self._news.notify()
        return future

    def close(self) -> None:
        """End the thread after what is queued."""
        with self._news:
            self._closed = True
            self._news.notify()

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._calls and not self._closed:
                    self._news.wait()
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
