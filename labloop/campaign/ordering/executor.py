"""An executor that plans who goes first before a batch enters the lab."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

from labloop.campaign.definition import Definition
from labloop.campaign.execution import DirectExecutor
from labloop.campaign.ordering.learned import LearnedDurations, waited_seconds
from labloop.campaign.ordering.planner import Planner
from labloop.campaign.ordering.run_ahead import run_ahead
from labloop.lab import LabHost
from labloop.records import Alarm, ExperimentJob, ExperimentResult, Severity
from labloop.scheduling import solver_missing


class OrderedExecutor:
    """Runs experiments like the executor inside, with a plan for what they wait for.

    Before a batch begins its recipes are run ahead, one by one in simulation, and everything that
    runs is planned anew; the lab follows the plan, and asks for another one when something is
    late. What cannot be run ahead is served first come, first served.

    Args:
        inner: carries the experiments out.
        host: the open lab.
        definition: the campaign.
        on_alarm: is told once why there is no plan, or not for all.
        learned: what stored experiments say of durations.
    """

    def __init__(
        self,
        inner: DirectExecutor,
        host: LabHost,
        definition: Definition,
        on_alarm: Callable[[Alarm], None],
        learned: LearnedDurations | None = None,
    ) -> None:
        self._inner = inner
        self._host = host
        self._definition = definition
        self._on_alarm = on_alarm
        self._told = False
        self._planner = Planner(host.lab_file, learned or LearnedDurations())
        self._tell(solver_missing())
        host.plan_by(self._planner.plan)

    def start(self, batch: Sequence[ExperimentJob]) -> list[Future[ExperimentResult]]:
        """Plan, then put a batch into the lab by one call."""
        traces, reason = run_ahead(self._definition, self._host.lab_file, batch)
        self._tell(reason and f"some experiments are served first come, first served: {reason}")
        now = self._host.now()
        self._planner.begin(traces, now)
        self._host.replan(self._planner.first_plan)
        futures = self._inner.start(batch)
        for future in futures:
            future.add_done_callback(partial(self._ended))
        return futures

    def settle(self) -> None:
        """Let lab time go on."""
        self._inner.settle()

    def _ended(self, future: "Future[ExperimentResult]") -> None:
        result = future.result()
        began, ended = result.lab_started, result.lab_finished
        if began is None or ended is None:
            self._planner.end(result.experiment_id, None)
            return
        own = ended - began - waited_seconds(result.held)
        self._planner.end(result.experiment_id, max(0.0, own))

    def _tell(self, reason: str) -> None:
        if reason and not self._told:
            self._told = True
            self._on_alarm(Alarm("schedule", reason, Severity.INFO))
