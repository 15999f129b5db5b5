"""Work pools: campaigns that wait in one place, carried out by workers on any machine.

Everything that decides stays on the worker's machine: which campaigns it serves, from its own
files, and whether real instruments may move. The pool holds names only.
"""

import contextvars
import os
import platform
import re
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import anyio
import anyio.abc
import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.workers.process import (
    ProcessJobConfiguration,
    ProcessWorker,
    ProcessWorkerResult,
)

from labloop.errors import EngineError
from labloop.lab import signals_to
from labloop_workflows.runs.crashed_runs import mark_crashed_runs_quietly
from labloop_workflows.runs.pending_runs import PendingRuns, worker_label
from labloop_workflows.server.patience import patiently

LOOK_SECONDS = 30.0
"""Between two looks for runs whose process has died on this machine."""
END_SECONDS = 30.0
"""How long runs may take to end when their worker is ended; a lab is safe within 20 s."""
_POLL_SECONDS = 0.3


def offer(pool: str, deployments: Sequence[RunnerDeployment]) -> None:
    """Register deployments with a work pool, which is made where there is none.

    Raises:
        EngineError: the pool is of another kind, or the server refuses.
    """
    patiently(lambda: _ensure_pool(pool))
    for deployment in deployments:
        patiently(lambda made=deployment: made.apply(work_pool_name=pool))  # type: ignore[misc]  # bound now


def _ensure_pool(name: str) -> None:
    with get_client(sync_client=True) as client:
        with suppress(ObjectNotFound):
            return _check_kind(name, client.read_work_pool(name).type)
        template = ProcessWorker.get_default_base_job_template()
        made = WorkPoolCreate(name=name, type=ProcessWorker.type, base_job_template=template)
        # Another worker that starts at the same moment may be quicker.
        with suppress(ObjectAlreadyExists):
            client.create_work_pool(made)
        return None


def _check_kind(name: str, kind: str) -> None:
    if kind != ProcessWorker.type:
        raise EngineError(
            f"the work pool {name!r} is of the kind {kind!r}, and campaigns run in processes of a "
            f"worker's machine (kind {ProcessWorker.type!r}); name another pool"
        )


class _Run:
    """One run of this worker: its process, once that has begun."""

    def __init__(self, told: anyio.abc.TaskStatus[int]) -> None:
        self._told = told
        self._process: int | None = None

    def started(self, value: int | None = None) -> None:
        """Note the process, and tell the worker, as anyio's own status does."""
        if value is not None:
            self._process = value
            self._told.started(value)

    def end(self) -> None:
        """Ask the process to end; its lab goes to the safe state first."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGTERM)


class CampaignWorker(ProcessWorker):
    """A worker that ends its campaigns, safely, before it ends itself.

    Prefect's own worker leaves the processes of its runs behind.

    Args:
        pool: the work pool.
        limit: how many campaigns run at once.
    """

    @classmethod
    def __dispatch_key__(cls) -> str:
        # Beside Prefect's own worker of this kind of pool, and not in its place.
        return "labloop-process"

    def __init__(self, pool: str, limit: int) -> None:
        where = re.sub(r"[/%]", "-", platform.node())
        name = f"labloop on {where}, process {os.getpid()}"
        super().__init__(work_pool_name=pool, name=name, limit=limit, prefetch_seconds=0)
        self._runs: set[_Run] = set()
        self._ending = False

    async def run(
        self,
        flow_run: FlowRun,
        configuration: ProcessJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> ProcessWorkerResult:
        """Carry out one run in a process of its own."""
        run = _Run(task_status or anyio.TASK_STATUS_IGNORED)
        self._runs.add(run)
        try:
            return await super().run(flow_run, configuration, run)
        finally:
            self._runs.discard(run)

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Take what waits in the pool; nothing more once this worker ends."""
        return [] if self._ending else await super().get_and_submit_flow_runs()

    async def _propose_pending_state(self, flow_run: FlowRun) -> bool:
        # Prefect's step between finding a run and having it. Labelled before, so that no moment
        # is without a label; and after, because another worker may have wanted it, too.
        await self._label(flow_run)
        taken = await super()._propose_pending_state(flow_run)
        if taken:
            await self._label(flow_run)
        return taken

    async def _label(self, flow_run: FlowRun) -> None:
        with suppress(httpx.HTTPError):
            await self.client.update_flow_run_labels(flow_run.id, worker_label(self.name))

    async def serve(self, asked_to_end: threading.Event) -> None:
        """Work until asked to end; then end all runs and wait for them."""
        async with anyio.create_task_group() as group:
            group.start_soon(self.start)
            while not asked_to_end.is_set():  # noqa: ASYNC110 - set by a signal handler
                await anyio.sleep(_POLL_SECONDS)
            self._ending = True
            for run in self._runs:
                run.end()
            with anyio.move_on_after(END_SECONDS):
                while self._runs:  # noqa: ASYNC110 - they end in tasks of Prefect
                    await anyio.sleep(_POLL_SECONDS)
            group.cancel_scope.cancel()


def work(pool: str, limit: int) -> None:
    """Carry out what waits in a pool, at most ``limit`` campaigns at once, until Ctrl-C."""
    ended = threading.Event()
    worker = CampaignWorker(pool, limit)
    with (
        signals_to(lambda _: ended.set(), "its campaigns are stopped, each device made safe"),
        _looking_for_lost_runs(pool),
    ):
        anyio.run(worker.serve, ended)


@contextmanager
def _looking_for_lost_runs(pool: str) -> Iterator[None]:
    """Mark runs of processes that died on this machine, and return those that never began."""
    ended, pending = threading.Event(), PendingRuns(pool)
    # The server is part of the calling context; without it, Prefect would start one.
    context = contextvars.copy_context()

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            context.run(mark_crashed_runs_quietly)
            context.run(pending.look_quietly)

    thread = threading.Thread(target=look, name="labloop-crashed-runs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
