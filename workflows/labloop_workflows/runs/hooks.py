"""The hooks by which Prefect shows a campaign: tasks that wait, and what the UI shows."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from labloop.campaign import Hooks, Snapshot
from labloop.records import Executor, ExperimentJob, ExperimentResult, ProposalBatch
from labloop_workflows.runs.flow import EXPERIMENTS, ROUNDS, experiment_task, propose_task
from labloop_workflows.runs.ui_publisher import UiPublisher


class PrefectExecutor:
    """Shows each experiment of another executor as a task, and does nothing more."""

    def __init__(self, inner: Executor) -> None:
        self._inner = inner

    def start(self, batch: Sequence[ExperimentJob]) -> Sequence[Future[ExperimentResult]]:
        """Start the experiments, then a task for each."""
        futures = self._inner.start(batch)
        for job, future in zip(batch, futures, strict=True):
            EXPERIMENTS[job.experiment_id] = future
            experiment_task.submit(job.experiment_id, job.number)
        return futures

    def settle(self) -> None:
        """Let lab time go on."""
        self._inner.settle()


class PrefectHooks:
    """The hooks of a campaign that runs inside the flow.

    Args:
        inner: the caller's own hooks.
        campaign_id: the campaign.
        publisher: gets every snapshot.
        lease_held: is called when this process has the campaign's lease.
    """

    def __init__(
        self,
        inner: Hooks,
        campaign_id: str,
        publisher: UiPublisher,
        lease_held: Callable[[], None],
    ) -> None:
        self._inner = inner
        self._lease_held = lease_held
        self._campaign_id = campaign_id
        self._publisher = publisher
        self._round: Future[ProposalBatch] | None = None

    def executor(self, inner: Executor) -> Executor:
        """Return an executor that shows each experiment as a task."""
        # The lab is open, and only the holder of the campaign's lease opens it.
        self._lease_held()
        return PrefectExecutor(self._inner.executor(inner))

    def propose(self, round_index: int, call: Callable[[], ProposalBatch]) -> ProposalBatch:
        """Ask the brain while a task waits; an error reaches the campaign unchanged."""
        key = f"{self._campaign_id}-{round_index}"
        self._round = future = ROUNDS[key] = Future()
        propose_task.submit(key, round_index)
        try:
            batch = self._inner.propose(round_index, call)
        except BaseException as error:
            _complete(future, error)
            raise
        _complete(future, batch)
        return batch

    def close(self) -> None:
        """End the task of a round that the campaign needs no more."""
        if self._round is not None:
            self._round.cancel()

    def changed(self, snapshot: Snapshot) -> None:
        """Publish the snapshot; returns at once."""
        self._publisher.changed(snapshot)
        self._inner.changed(snapshot)


def _complete(future: "Future[ProposalBatch]", result: ProposalBatch | BaseException) -> None:
    # Cancelled: the flow has ended, and its task with it.
    if future.set_running_or_notify_cancel():
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
