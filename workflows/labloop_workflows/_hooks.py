"""What Prefect puts around the loop: tasks that wait, artifacts that show, a watch for Cancel."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from labloop.campaign import Hooks, Snapshot
from labloop.records import Executor, ExperimentJob, ExperimentResult, ProposalBatch
from labloop_workflows._artifacts import Artifacts
from labloop_workflows._flow import CALLS, WAITED_FOR, experiment_task, propose_task


class PrefectExecutor:
    """Wraps each experiment's future in a task, and does nothing more."""

    def __init__(self, inner: Executor) -> None:
        self._inner = inner

    def start(self, batch: Sequence[ExperimentJob]) -> Sequence[Future[ExperimentResult]]:
        """Put the batch into the lab, then show each experiment as a task."""
        futures = self._inner.start(batch)
        for job, future in zip(batch, futures, strict=True):
            WAITED_FOR[job.experiment_id] = future
            experiment_task.submit(job.experiment_id, job.number)
        return futures

    def settle(self) -> None:
        """Let lab time go on."""
        self._inner.settle()


class PrefectHooks:
    """The hooks of a campaign that runs inside the flow."""

    def __init__(self, inner: Hooks, campaign_id: str, artifacts: Artifacts) -> None:
        self._inner = inner
        self._campaign_id = campaign_id
        self._artifacts = artifacts

    def executor(self, inner: Executor) -> Executor:
        """Return an executor that shows each experiment as a task."""
        return PrefectExecutor(self._inner.executor(inner))

    def propose(self, round_index: int, call: Callable[[], ProposalBatch]) -> ProposalBatch:
        """Ask the brain inside a task; what it raises reaches the loop as it is."""
        key = f"{self._campaign_id}-{round_index}-{threading.get_ident()}"
        made: list[ProposalBatch] = []
        CALLS[key] = lambda: made.append(self._inner.propose(round_index, call))
        propose_task(key, round_index)
        self._artifacts.round(round_index, made[0])
        return made[0]

    def changed(self, snapshot: Snapshot) -> None:
        """Show the snapshot, without waiting for anybody."""
        self._artifacts.changed(snapshot)
        self._inner.changed(snapshot)
