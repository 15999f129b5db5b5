"""Watches a campaign's own flow run: Cancel in the UI becomes a stop, the door of Ctrl-C."""

import queue
import threading
from collections.abc import Callable
from typing import Self
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.worker import EventsWorker

POLL_SECONDS = 1.0
_ENDING = {StateType.CANCELLING, StateType.CANCELLED}


class CancelWatch:
    """Asks the server for the flow run's state from a background thread."""

    def __init__(self, flow_run_id: UUID, stop: Callable[[str], None]) -> None:
        self._flow_run_id = flow_run_id
        self._stop = stop
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, name="cancel watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._thread.join(2 * POLL_SECONDS)

    def _work(self) -> None:
        while not self._done.wait(POLL_SECONDS):
            if self._cancelled():
                self._stop("cancelled in the Prefect UI")
                return

    def _cancelled(self) -> bool:
        try:
            with get_client(sync_client=True) as client:
                state = client.read_flow_run(self._flow_run_id).state
        except Exception:  # noqa: BLE001 - process edge: a server that is away cancels nothing
            return False
        return state is not None and state.type in _ENDING


def forget_events() -> None:
    """Throw away the events for a server that has gone.

    Prefect has no public way to: at the end of the process it would try each for seven
    seconds, which kept a terminal for minutes.
    """
    workers = getattr(EventsWorker, "_instances", {})
    for worker in list(workers.values()):
        waiting = getattr(worker, "_queue", None)
        while isinstance(waiting, queue.Queue):
            try:
                waiting.get_nowait()
            except queue.Empty:
                break
