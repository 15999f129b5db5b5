"""Marks flow runs as crashed whose process was killed.

Prefect learns the end of a flow run from its process, so a run that was killed stays Running for
ever. Each flow run has a label that names its process, as leases do, and every later start of
labloop checks these labels.
"""

import contextvars
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Self
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Crashed

from labloop.campaign import current_user
from labloop.store import process_ended, process_owner

OWNER = "labloop.owner"
FLOWS = ("campaign", "served-campaign")
"""Names of labloop's own flows."""
_PAGE = 200
"""The most rows that the server returns at once."""
_ANSWER_SECONDS = 10.0
_AGAIN_SECONDS = 1.0
_GONE = "the process that ran it has ended without a word; the database tells what was done"


class CrashedRuns:
    """Labels a campaign's flow run and marks those of dead processes, from a thread of its own.

    Args:
        flow_run_id: the run of this process.
        campaign_id: its campaign.
    """

    def __init__(self, flow_run_id: UUID, campaign_id: str) -> None:
        self._mine = flow_run_id
        self._campaign_id = campaign_id
        self._held = threading.Event()
        self._over = threading.Event()
        # The server is part of the calling context; without it, Prefect would start one.
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=lambda: context.run(self._work), name="crashed runs", daemon=True
        )
        self._refused = False

    def lease_held(self) -> None:
        """Note that this process has the campaign's lease, so no other process runs it."""
        self._held.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._refused = not self._held.is_set()
        self._over.set()
        self._held.set()
        # A short campaign is over before the server has answered.
        self._thread.join(_ANSWER_SECONDS)

    def _work(self) -> None:
        # Without its label a run that dies later would stand as running: a server that is slow
        # just now is asked again.
        while not self._labelled() and not self._over.wait(_AGAIN_SECONDS):
            pass
        self._held.wait()
        if not self._refused:
            mark_crashed_runs_quietly(mine=self._mine, campaign_id=self._campaign_id)

    def _labelled(self) -> bool:
        with suppress(Exception), get_client({"timeout": _ANSWER_SECONDS}, sync_client=True) as c:
            label(c, self._mine)
            return True
        return False


def label(client: SyncPrefectClient, flow_run_id: UUID) -> None:
    """Label a flow run with the process that carries it out."""
    client.update_flow_run_labels(flow_run_id, {OWNER: process_owner(current_user())})


def mark_crashed_runs(
    client: SyncPrefectClient, *, mine: UUID | None = None, campaign_id: str | None = None
) -> int:
    """Set flow runs of dead processes to Crashed and return how many there were.

    Args:
        client: of the server.
        mine: the run of this process, which is left alone.
        campaign_id: the campaign whose lease this process holds: another run of it without a
            label was killed before it had one.
    """
    count = 0
    # All pages are read before a run is changed, which would shift the pages.
    for run in list(_unfinished(client)):
        owner = str((run.labels or {}).get(OWNER, ""))
        same = campaign_id is not None and run.parameters.get("campaign_id") == campaign_id
        if run.id != mine and (process_ended(owner) if owner else same):
            _crash(client, run)
            count += 1
    return count


def mark_crashed_runs_quietly(*, mine: UUID | None = None, campaign_id: str | None = None) -> int:
    """Mark crashed runs on the server in use, as above; returns 0 where it does not answer."""
    with suppress(Exception), get_client({"timeout": _ANSWER_SECONDS}, sync_client=True) as client:
        return mark_crashed_runs(client, mine=mine, campaign_id=campaign_id)
    return 0


def _unfinished(client: SyncPrefectClient) -> Iterator[FlowRun]:
    kinds = [StateType.RUNNING, StateType.CANCELLING]
    page: list[FlowRun] = []
    offset = 0
    while offset == 0 or len(page) == _PAGE:
        page = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=list(FLOWS))),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=kinds))
            ),
            sort=FlowRunSort.START_TIME_ASC,
            limit=_PAGE,
            offset=offset,
        )
        yield from page
        offset += _PAGE


def _crash(client: SyncPrefectClient, run: FlowRun) -> None:
    """Set a run and its tasks that are shown as running to Crashed."""
    kinds = [StateType.RUNNING, StateType.PENDING]
    tasks = client.read_task_runs(
        flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])),
        task_run_filter=TaskRunFilter(
            state=TaskRunFilterState(type=TaskRunFilterStateType(any_=kinds))
        ),
        limit=_PAGE,
    )
    for task in tasks:
        client.set_task_run_state(task.id, Crashed(message=_GONE), force=True)
    client.set_flow_run_state(run.id, Crashed(message=_GONE), force=True)
