"""Returns runs to their work pool whose worker died before they began.

A worker takes a run by setting it to Pending, and starts a process that sets it to Running. One
that is killed in between leaves it Pending for ever. So each run is labelled with its worker just
before it is taken, and the workers that live look for runs of those that do not.
"""

import time
from collections.abc import Collection, Iterator
from contextlib import suppress

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType, WorkerStatus
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Scheduled

from labloop.store import process_ended, process_owner
from labloop_workflows.runs.crashed_runs import FLOWS

WORKER = "labloop.worker"
"""The label: the worker's name with the mark of its process, as leases keep it."""
PATIENCE_SECONDS = 60.0
"""So long a run stays Pending after its worker was found dead: its process may have begun."""
_ANSWER_SECONDS = 10.0
_PAGE = 200
_RETURNED = "the worker that took it ended before it began; it waits in its pool again"


def worker_label(name: str) -> dict[str, bool | int | float | str]:
    """Return the label of a run that the worker ``name`` of this process takes."""
    return {WORKER: process_owner(name)}


class PendingRuns:
    """Finds runs that dead workers have taken and not begun.

    Args:
        pool: the work pool.
    """

    def __init__(self, pool: str) -> None:
        self._pool = pool
        self._found: dict[str, float] = {}
        """Run -> second of the monotonic clock at which its worker was found dead."""

    def look_quietly(self) -> int:
        """Look on the server in use; returns 0 where it does not answer."""
        with (
            suppress(Exception),
            get_client({"timeout": _ANSWER_SECONDS}, sync_client=True) as client,
        ):
            return self.look(client)
        return 0

    def look(self, client: SyncPrefectClient) -> int:
        """Return runs to the pool that have stood for long enough; return how many."""
        now, count = time.monotonic(), 0
        lost = {str(run.id): run for run in _lost(client, _offline(client, self._pool))}
        self._found = {key: self._found.get(key, now) for key in lost}
        for key, since in tuple(self._found.items()):
            if now - since >= PATIENCE_SECONDS:
                client.set_flow_run_state(lost[key].id, Scheduled(message=_RETURNED), force=True)
                del self._found[key]
                count += 1
        return count


def _lost(client: SyncPrefectClient, offline: Collection[str]) -> Iterator[FlowRun]:
    """Yield the pending runs whose worker has ended."""
    runs = client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=list(FLOWS))),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PENDING]))
        ),
        sort=FlowRunSort.START_TIME_ASC,
        limit=_PAGE,
    )
    for run in runs:
        owner = str((run.labels or {}).get(WORKER, ""))
        if owner and (process_ended(owner) or owner.partition(" [host=")[0] in offline):
            yield run


def _offline(client: SyncPrefectClient, pool: str) -> set[str]:
    """Return the names of workers that the server has not heard for a while, on any machine."""
    known = client.read_workers_for_work_pool(pool)
    return {each.name for each in known if each.status is WorkerStatus.OFFLINE}
