"""What Prefect puts around the loop: tasks that wait, and a window."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from labloop.campaign import Hooks, Snapshot
from labloop.records import Executor, ExperimentJob, ExperimentResult, ProposalBatch
from labloop_workflows.runs.flow import ROUNDS, WAITED_FOR, experiment_task, propose_task
from labloop_workflows.runs.window import Window


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

    def __init__(
        self,
        inner: Hooks,
        campaign_id: str,
        window: Window,
        lease_held: Callable[[], None],
    ) -> None:
        self._inner = inner
        self._lease_held = lease_held
        self._campaign_id = campaign_id
        self._window = window
        self._round: Future[ProposalBatch] | None = None

    def executor(self, inner: Executor) -> Executor:
        """Return an executor that shows each experiment as a task."""
        # The lab is open, and only the holder of the campaign's lease opens it.
        self._lease_held()
        return PrefectExecutor(self._inner.executor(inner))

    def propose(self, round_index: int, call: Callable[[], ProposalBatch]) -> ProposalBatch:
        """Ask the brain and show it as a task; what it raises reaches the loop as it is."""
        key = f"{self._campaign_id}-{round_index}"
        self._round = waited_for = ROUNDS[key] = Future()
        propose_task.submit(key, round_index)
        try:
            batch = self._inner.propose(round_index, call)
        except BaseException as error:
            _tell(waited_for, error)
            raise
        _tell(waited_for, batch)
        return batch

    def close(self) -> None:
        """Let no task wait for a round that nobody wants any more."""
        if self._round is not None:
            self._round.cancel()

    def changed(self, snapshot: Snapshot) -> None:
        """Show the snapshot, without waiting for anybody."""
        self._window.changed(snapshot)
        self._inner.changed(snapshot)


def _tell(waited_for: "Future[ProposalBatch]", told: ProposalBatch | BaseException) -> None:
    # Cancelled meanwhile: the flow has ended, and its task with it.
    if waited_for.set_running_or_notify_cancel():
        if isinstance(told, BaseException):
            waited_for.set_exception(told)
        else:
            waited_for.set_result(told)
