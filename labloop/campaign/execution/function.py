"""Carries experiments out by work beside a lab: no devices, no simulated time."""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from labloop.campaign.definition import error_location, source_file
from labloop.campaign.execution.conditions import Conditions
from labloop.campaign.execution.failing import failure_of
from labloop.campaign.execution.measurement import to_measurement
from labloop.errors import ExperimentCancelled, LabloopError, UncertainError
from labloop.lab import (
    Attempts,
    StopFlag,
    Work,
    WorkCall,
    WorkJournal,
    is_attempt,
)
from labloop.records import (
    ExperimentJob,
    ExperimentResult,
    ExperimentState,
    Measurement,
    Repositories,
)

_NO_CODE: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSetup:
    """What experiments without a lab are carried out by, and where they are recorded.

    Attributes:
        work: the user's function, command, notebook or cluster job.
        units: parameter name -> declared unit.
        repositories: where moves, attempts and raw data are committed.
        campaign_id: of the campaign.
        actor: who is written on each row.
        folder: the campaign's.
        code: the campaign's files.
        parallel: how many experiments run at once.
        began: seconds of the campaign's lab time that were used before.
        clock: seconds, as they pass in life.
    """

    work: Work
    units: Mapping[str, str]
    repositories: Repositories
    campaign_id: str
    actor: str
    folder: Path
    code: Mapping[str, bytes] = field(default_factory=lambda: _NO_CODE)
    parallel: int = 1
    began: float = 0.0
    clock: Callable[[], float] = time.monotonic


class FunctionExecutor:
    """Carries experiments out in ``parallel`` places, each a thread that does one at a time.

    The threads are daemons, for nothing can interrupt a plain ``def``: one that does not return
    after a stop ends with the process, and its experiment is uncertain. A place whose function
    goes on after its time-out is not given to another experiment until it has returned.
    """

    def __init__(self, setup: FunctionSetup) -> None:
        self._setup = setup
        self._origin = setup.clock() - setup.began
        self._asked: queue.SimpleQueue[tuple[ExperimentJob, Future[ExperimentResult]] | None] = (
            queue.SimpleQueue()
        )
        self._threads = [
            threading.Thread(target=self._work, name=f"labloop-place-{i}", daemon=True)
            for i in range(setup.parallel)
        ]
        self._stop = StopFlag()
        self._calls: dict[int, WorkCall] = {}
        """Number of an experiment -> what of it runs now, or has been left running."""

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _ in self._threads:
            self._asked.put(None)

    def start(self, batch: Sequence[ExperimentJob]) -> list[Future[ExperimentResult]]:
        """Hand a batch over; each place takes the next one as it gets free."""
        futures: list[Future[ExperimentResult]] = [Future() for _ in batch]
        for item in zip(batch, futures, strict=True):
            self._asked.put(item)
        return futures

    def settle(self) -> None:
        """Do nothing: time goes on by itself."""

    def now(self) -> float:
        """Return seconds of the campaign in which it was open, this time and before."""
        return self._setup.clock() - self._origin

    def stop(self, reason: str) -> None:
        """Begin nothing further and end what can be; from any thread and signal handler."""
        self._stop.set(reason)

    def activity(self) -> Mapping[str, str]:
        """Return what runs -> how far it has come; only what tells of its progress."""
        return {
            f"experiment {number}": words
            for number, call in sorted(self._calls.copy().items())
            if (words := _words(call))
        }

    def _work(self) -> None:
        while (item := self._asked.get()) is not None:
            job, future = item
            future.set_result(self._carry_out(job))
            self._wait_for_left(job.number)

    def _wait_for_left(self, number: int) -> None:
        """Keep this place for what still runs in it, until it ends or a stop comes."""
        call = self._calls.get(number)
        while call is not None and call.left is not None and call.left.is_alive():
            if self._stop.wait(0.1):
                break
        self._calls.pop(number, None)

    def _carry_out(self, job: ExperimentJob) -> ExperimentResult:
        """Return how an experiment ended; whatever happens is a state."""
        result = ExperimentResult(
            experiment_id=job.experiment_id,
            state=ExperimentState.ABANDONED,
            reason=self._stop.reason,
        )
        if self._stop or (job.wait and self._stop.wait(job.wait)):
            return replace(result, reason=self._stop.reason)
        result = replace(result, lab_started=self.now())
        try:
            row = self._setup.repositories.experiments.get(job.experiment_id)
            if row.state is ExperimentState.RUNNING:
                result = replace(result, lab_started=row.lab_started)
            measurement = self._measure(job, row.state is ExperimentState.RUNNING)
        except BaseException as error:  # noqa: BLE001 - process edge: a person's code, also its sys.exit
            state, reason = self._state_and_reason(error)
            result = replace(result, state=state, reason=reason, failure=failure_of(error))
        else:
            result = replace(result, state=ExperimentState.DONE, measurement=measurement)
        return replace(result, lab_finished=self.now())

    def _measure(self, job: ExperimentJob, begun: bool) -> Measurement:
        """Carry an experiment out, or go on with one that an earlier process has begun."""
        setup, experiments = self._setup, self._setup.repositories.experiments
        entries = [
            entry
            for entry in setup.repositories.journal.entries(setup.campaign_id, job.experiment_id)
            if is_attempt(entry)
        ]
        attempts = Attempts(
            setup.work,
            WorkJournal(
                journal=setup.repositories.journal,
                campaign_id=setup.campaign_id,
                experiment_id=job.experiment_id,
                actor=setup.actor,
                now=self.now,
                number=len(entries) + 1,
            ),
            f"{job.experiment_id}-w{len(entries) + 1:03d}",
            lambda name: self._new_call(job, name),
        )
        if begun and entries:
            returned: Any = attempts.take_up(entries[-1])
        else:
            if not begun:
                experiments.move(
                    job.experiment_id,
                    ExperimentState.RUNNING,
                    actor=setup.actor,
                    lab_time=self.now(),
                ).result()
            returned = attempts.run()
        measurement = to_measurement(returned, setup.units)
        experiments.save_raw(job.experiment_id, measurement).result()
        return measurement

    def _new_call(self, job: ExperimentJob, name: str) -> WorkCall:
        call = WorkCall(
            args=(Conditions(job.point, self._setup.units, job.well),),
            folder=self._setup.folder,
            name=name,
            stop=self._stop,
            code=self._setup.code,
        )
        self._calls[job.number] = call
        return call

    def _state_and_reason(self, error: BaseException) -> tuple[ExperimentState, str]:
        """Return state and reason of what the function raised, with its line."""
        if isinstance(error, ExperimentCancelled):
            return ExperimentState.ABANDONED, str(error)
        named = [] if isinstance(error, LabloopError) else [type(error).__name__]
        place = error_location(error, source_file(self._setup.work) or Path())
        reason = ": ".join([*named, *filter(None, [str(error)])])
        reason += f" ({place})" if place else ""
        uncertain = isinstance(error, UncertainError)
        return ExperimentState.UNCERTAIN if uncertain else ExperimentState.FAILED, reason


def _words(call: WorkCall) -> str:
    """Return what is to be told of a call that runs."""
    if call.left is not None:
        return "still runs after its time-out, and keeps its place"
    return call.record.words
