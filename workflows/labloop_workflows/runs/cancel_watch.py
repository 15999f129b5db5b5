"""Watches a campaign's own flow run: Cancel in the UI becomes a stop, as Ctrl-C does."""

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
"""How long the server may take to answer; then it is asked again."""
CANCELLED = "cancelled in the Prefect UI"
_ENDING = {StateType.CANCELLING, StateType.CANCELLED}


class CancelWatch:
    """Asks the server for the state of a flow run, from a thread of its own.

    Args:
        flow_run_id: the flow run.
        stop: is called with the reason when the run is being cancelled.
    """

    def __init__(self, flow_run_id: UUID, stop: Callable[[str], None]) -> None:
        self._flow_run_id = flow_run_id
        self._stop = stop
        self._done = threading.Event()
        # The server is part of the calling context; without it, Prefect would start one.
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
            if self._wait_for_cancel():
                self._stop(CANCELLED)
                return

    def is_cancelled(self) -> bool:
        """Ask once whether the run is being cancelled; False where the server does not answer.

        A served run is ended by a signal when it is cancelled, and the signal may come before
        the watch has asked.
        """
        with (
            suppress(Exception),
            get_client({"timeout": ANSWER_SECONDS}, sync_client=True) as client,
        ):
            return self._is_ending(client)
        return False

    def _wait_for_cancel(self) -> bool:
        """Return True when the run is being cancelled; False at the end or without an answer."""
        try:
            # Kept as long as the server answers: each client costs a TLS context.
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


def discard_events() -> None:
    """Discard Prefect's events for a server that has gone.

    Prefect has no public way to do it. At the end of the process it would try to send each event
    for seven seconds, which could take minutes.
    """
    workers = getattr(EventsWorker, "_instances", {})
    for worker in list(workers.values()):
        waiting = getattr(worker, "_queue", None)
        while isinstance(waiting, queue.Queue):
            try:
                waiting.get_nowait()
            except queue.Empty:
                break
