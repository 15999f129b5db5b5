"""Carries experiments out in this process: the executor without any engine around it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any

from labloop.campaign.execution.conditions import Conditions
from labloop.campaign.execution.failing import (
    failure_of,
    leaf_errors,
    lost_connection,
    state_and_reason,
)
from labloop.campaign.execution.measurement import to_measurement
from labloop.errors import ExperimentCancelled, ProcedureError, UncertainError
from labloop.lab import AwaitsResult, Lab, LabHost, LabJob, run_procedure
from labloop.records import (
    ExperimentJob,
    ExperimentResult,
    Experiments,
    ExperimentState,
    Failure,
    Measurement,
    Occupation,
)


class DirectExecutor:
    """Runs the user's procedure in the lab's loop, a coroutine per experiment.

    Args:
        host: the open lab.
        procedure: the user's ``async def (lab, x)``.
        units: parameter name -> declared unit.
        experiments: where moves and raw data are committed.
        actor: who is written on each row.
        began: lab seconds of the campaign when this lab was opened.
    """

    def __init__(
        self,
        host: LabHost,
        *,
        procedure: Callable[[Lab, Any], Any],
        units: Mapping[str, str],
        experiments: Experiments,
        actor: str,
        began: float = 0.0,
    ) -> None:
        self._host = host
        self._procedure = procedure
        self._units = units
        self._experiments = experiments
        self._actor = actor
        self._began = began
        self._times: dict[str, tuple[float, float | None]] = {}
        """Experiment -> lab seconds at its start and at its end, until it is told."""
        self._held: dict[str, Sequence[Occupation]] = {}

    def start(self, batch: Sequence[ExperimentJob]) -> list[Future[ExperimentResult]]:
        """Put a batch into the lab by one call."""
        jobs = [LabJob(job.experiment_id, partial(self._carry_out, job)) for job in batch]
        futures = self._host.start(jobs)
        return [
            self._as_result(job.experiment_id, future)
            for job, future in zip(batch, futures, strict=True)
        ]

    def settle(self) -> None:
        """Let lab time go on."""
        self._host.settle()

    def _shifted(self, had: Occupation) -> Occupation:
        """Return what an experiment had, in lab seconds of the campaign."""
        start, end, asked = (at + self._began for at in (had.start, had.end, had.asked))
        return replace(had, start=start, end=end, asked=asked)

    def _now(self) -> float:
        return self._began + self._host.clock.now()

    async def _carry_out(self, job: ExperimentJob, lab: Lab) -> ExperimentResult:
        started = self._now()
        self._times[job.experiment_id] = started, None
        try:
            return await self._measure(job, lab, started)
        finally:
            self._times[job.experiment_id] = started, self._now()
            self._held[job.experiment_id] = lab.held

    async def _measure(self, job: ExperimentJob, lab: Lab, started: float) -> ExperimentResult:
        clock = self._host.clock
        if job.wait:
            await clock.sleep(job.wait)
            self._times[job.experiment_id] = (started := self._now()), None
        moved = self._experiments.move(
            job.experiment_id, ExperimentState.RUNNING, actor=self._actor, lab_time=started
        )
        await clock.external(moved)
        x = Conditions(job.point, self._units, job.well)
        state, reason, lost = ExperimentState.DONE, "", ""
        failure: Failure | None = None
        measurement: Measurement | None = None
        try:
            returned = await run_procedure(self._procedure, lab, x)
            _check_left(lab)
            measurement = to_measurement(returned, self._units)
            await clock.external(self._experiments.save_raw(job.experiment_id, measurement))
        except ExperimentCancelled:
            raise
        except (AwaitsResult, BaseExceptionGroup, Exception) as error:
            if all(isinstance(leaf, AwaitsResult) for leaf in leaf_errors(error)):
                state, reason = ExperimentState.AWAITING, lab.awaits
            elif isinstance(error, Exception):
                state, reason = state_and_reason(error)
                lost, failure = lost_connection(error), failure_of(error)
            else:
                raise
        return ExperimentResult(
            experiment_id=job.experiment_id,
            state=state,
            reason=reason,
            measurement=measurement,
            lost=lost,
            failure=failure,
            used=lab.used,
            late=lab.simulated_results,
        )

    def _as_result(self, experiment_id: str, future: "Future[Any]") -> Future[ExperimentResult]:
        """Return a future that carries what happened in the lab as a state, never as an error."""
        result: Future[ExperimentResult] = Future()

        def done(finished: "Future[Any]") -> None:
            started, ended = self._times.pop(experiment_id, (None, None))
            if started is not None and ended is None:
                # It was given up before it left.
                ended = self._now()
            held = self._held.pop(experiment_id, ())
            outcome = _result_of(experiment_id, finished)
            outcome = replace(outcome, held=tuple(map(self._shifted, held)))
            result.set_result(replace(outcome, lab_started=started, lab_finished=ended))

        future.add_done_callback(done)
        return result


def _result_of(experiment_id: str, finished: "Future[Any]") -> ExperimentResult:
    error = finished.exception()
    if error is None:
        result: ExperimentResult = finished.result()
        return result
    if isinstance(error, ExperimentCancelled):
        state = ExperimentState.ABANDONED
    elif isinstance(error, UncertainError):
        state = ExperimentState.UNCERTAIN
    else:
        state = ExperimentState.FAILED
    return ExperimentResult(experiment_id=experiment_id, state=state, reason=str(error))


def _check_left(lab: Lab) -> None:
    """Raise ProcedureError where a procedure went on although its late result is not there."""
    if lab.awaits:
        raise ProcedureError(
            f"the procedure went on although it {lab.awaits}; let what lab.later raises pass"
        )
