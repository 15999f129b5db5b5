"""The experiments that run in the lab's event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from labloop.errors import (
    BlockingCallError,
    ExperimentCancelled,
    LabloopError,
    ProcedureError,
    UncertainError,
)
from labloop.lab.devices import SCOPE, Scope
from labloop.lab.host.result_delivery import ResultDelivery
from labloop.lab.procedure import Lab, run_procedure
from labloop.lab.time import LabLoop

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LabJob(Generic[T]):
    """One experiment to carry out: ``run`` gets the lab and returns what it measured."""

    experiment_id: str
    run: Callable[[Lab], Awaitable[T]]


@dataclass(slots=True, eq=False)
class RunningJob:
    """A job with its scope, its lab and its future."""

    job: LabJob[Any]
    scope: Scope
    lab: Lab
    experiment: bool = True
    """False for what a person or the lab itself does: no result is needed, none is settled."""
    during_shutdown: bool = False
    """Belongs to the safe states: it may begin after a stop."""
    future: "Future[Any]" = field(default_factory=Future)
    task: "asyncio.Task[Any] | None" = None
    reason: str = ""
    """Why it was cancelled."""
    blocked: str = ""
    """The sentence of the loop monitor, where its code blocked the loop for long."""

    def cancelled(self, reason: str) -> ExperimentCancelled:
        """Return the error of a job that ended because of ``reason``."""
        return ExperimentCancelled(f"{self.job.experiment_id} was ended: {reason or 'cancelled'}")

    def complete(self, result: Any, error: BaseException | None) -> None:
        """Complete the future."""
        if error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(error)


class JobRunner:
    """Runs jobs. Every method is called in the lab's loop.

    Lab time is frozen while nothing runs, except while the lab is made safe.

    Args:
        loop: the lab's loop.
        delivery: delivers the ends of experiments.
    """

    def __init__(self, loop: LabLoop, delivery: ResultDelivery) -> None:
        self._loop = loop
        self._delivery = delivery
        self._running: dict[RunningJob, None] = {}
        self.stopped = ""
        """Why everything ends; empty while the lab works."""
        self._making_safe = False
        loop.freeze()
        self._frozen = True

    def begin(self, jobs: Sequence[RunningJob]) -> None:
        """Start jobs, all at the same lab second and in their order."""
        for job in jobs:
            if self.stopped and not job.during_shutdown:
                job.complete(None, job.cancelled(self.stopped))
                continue
            self._running[job] = None
            job.task = self._loop.create_task(self._run(job), name=job.job.experiment_id)
            job.task.add_done_callback(partial(self._done, job))
        self._update_freeze()

    def cancel(self, reason: str, experiment_id: str | None = None) -> None:
        """Cancel one experiment, or all."""
        for job in self._running:
            if experiment_id in {None, job.job.experiment_id} and job.task is not None:
                job.reason = job.reason or reason
                job.task.cancel()

    def stop(self, reason: str) -> None:
        """Cancel all, refuse what comes later, and deliver every end at once.

        When all have ended, lab time is frozen, except between :meth:`begin_safe_states` and
        :meth:`end_safe_states`: how soon the caller closes the lab changes nothing in it.
        """
        if not self.stopped:
            self.stopped = reason
            self._delivery.deliver_all()
        self.cancel(reason)

    def begin_safe_states(self) -> None:
        """Let lab time go on although nothing runs: the lab is being made safe."""
        self._making_safe = True
        self._update_freeze()

    def end_safe_states(self) -> None:
        """Freeze lab time again: the lab has been made safe."""
        self._making_safe = False
        self._update_freeze()

    def fail_blocked(self, task: object, message: str) -> None:
        """Let the job of ``task`` fail, whose code blocked the loop. Called by the monitor."""
        for job in list(self._running):
            if job.task is task:
                job.blocked = message

    async def wait(self, seconds: float) -> list[str]:
        """Wait until all have ended, at most ``seconds``; give the others up and name them."""
        tasks = [job.task for job in self._running if job.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        left = list(self._running)
        for job in left:
            why = f"{job.reason}, and it did not leave within {seconds:g} s"
            # It may still run; nothing that it asks for reaches a device any more.
            job.scope.given_up = why
            self._end(job, None, UncertainError(f"{job.job.experiment_id} was ended: {why}"))
        return [job.job.experiment_id for job in left]

    async def _run(self, job: RunningJob) -> None:
        SCOPE.set(job.scope)
        result: Any = None
        error: LabloopError | Exception | None = None
        try:
            result = await run_procedure(job.job.run, job.lab, result_needed=job.experiment)
        except asyncio.CancelledError:
            error = job.cancelled(job.reason)
        except Exception as raised:  # noqa: BLE001 - process edge: a user's code may raise anything
            error = raised
        except GeneratorExit:
            raise
        except BaseException as raised:  # noqa: BLE001 - the same: it would end the lab's loop
            error = ProcedureError(
                f"the procedure raised {type(raised).__name__}({raised}), which would end the "
                "program; end an experiment by `return` or by an exception of its own"
            )
            error.__cause__ = raised
        if job.blocked:
            error = BlockingCallError(job.blocked)
        self._end(job, result, error)

    def _done(self, job: RunningJob, _: "asyncio.Task[None]") -> None:
        """End a job that was cancelled before its first step."""
        self._end(job, None, job.cancelled(job.reason))

    def _end(self, job: RunningJob, result: Any, error: BaseException | None) -> None:
        if job not in self._running:
            # It was given up before.
            return
        del self._running[job]
        job.scope.over = job.experiment
        if job.experiment and not self.stopped:
            self._delivery.add(partial(job.complete, result, error))
        else:
            job.complete(result, error)
        self._update_freeze()

    def _update_freeze(self) -> None:
        """Freeze lab time while nothing runs, except while the lab is made safe."""
        idle = not self._running and not self._making_safe
        if idle and not self._frozen:
            self._loop.freeze()
        elif self._frozen and not idle:
            self._loop.unfreeze()
        self._frozen = idle
