"""Watches a campaign's own flow run: Cancel in the UI becomes a stop, the door of Ctrl-C."""

import contextvars
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.worker import EventsWorker

POLL_SECONDS = 1.0
ANSWER_SECONDS = 10.0
"""How long the server may take to answer; then it is asked anew."""
CANCELLED = "cancelled in the Prefect UI"
_ENDING = {StateType.CANCELLING, StateType.CANCELLED}


class CancelWatch:
    """Asks the server for the flow run's state from a background thread."""

    def __init__(self, flow_run_id: UUID, stop: Callable[[str], None]) -> None:
        self._flow_run_id = flow_run_id
        self._stop = stop
        self._done = threading.Event()
        # Which server is asked stands in the calling context: without it, Prefect starts one.
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=lambda: context.run(self._work), name="cancel watch", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._thread.join(2 * POLL_SECONDS)

    def _work(self) -> None:
        while not self._done.wait(POLL_SECONDS):
            if self._cancelled():
                self._stop(CANCELLED)
                return

    def asked(self) -> bool:
        """Ask once whether the run is being cancelled; False where nobody answers.

        A served run is ended by a signal as soon as it is cancelled, so that the signal may come
        before the watch has looked.
        """
        with (
            suppress(Exception),
            get_client({"timeout": ANSWER_SECONDS}, sync_client=True) as client,
        ):
            return self._is_ending(client)
        return False

    def _cancelled(self) -> bool:
        """Look until the run is being cancelled; False: the campaign ended, or nobody answers."""
        try:
            # A client of its own, kept as long as the server answers: each costs a TLS context.
            with get_client({"timeout": ANSWER_SECONDS}, sync_client=True) as client:
                while not self._is_ending(client):
                    if self._done.wait(POLL_SECONDS):
                        return False
        except Exception:  # noqa: BLE001 - process edge: a server that is away cancels nothing
            return False
        return True

    def _is_ending(self, client: SyncPrefectClient) -> bool:
        state = client.read_flow_run(self._flow_run_id).state
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
