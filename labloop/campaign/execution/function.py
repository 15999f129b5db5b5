"""Carries experiments out by a plain function: no lab, no devices, no simulated time."""

import asyncio
import inspect
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from labloop.campaign.definition import error_location
from labloop.campaign.execution.conditions import Conditions
from labloop.campaign.execution.measurement import to_measurement
from labloop.errors import ExperimentCancelled, LabloopError, UncertainError
from labloop.records import (
    ExperimentJob,
    ExperimentResult,
    Experiments,
    ExperimentState,
)


class FunctionExecutor:
    """Calls the user's function once for each experiment, in one of ``parallel`` threads.

    The threads are daemons, for nothing can interrupt a plain ``def``: one that does not return
    after a stop ends with the process, and its experiment is uncertain. An ``async def`` has an
    event loop of its own, and is cancelled.

    Args:
        procedure: the user's ``def (x)`` or ``async def (x)``.
        units: parameter name -> declared unit.
        experiments: where moves and raw data are committed.
        actor: who is written on each row.
        parallel: how many experiments run at once.
        began: seconds of the campaign's lab time that were used before.
        clock: seconds, as they pass in life.
    """

    def __init__(
        self,
        procedure: Callable[..., Any],
        *,
        units: Mapping[str, str],
        experiments: Experiments,
        actor: str,
        parallel: int = 1,
        began: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._procedure = procedure
        self._units = units
        self._experiments = experiments
        self._actor = actor
        self._clock = clock
        self._origin = clock() - began
        self._asked: queue.SimpleQueue[tuple[ExperimentJob, Future[ExperimentResult]] | None] = (
            queue.SimpleQueue()
        )
        self._threads = [
            threading.Thread(target=self._work, name=f"labloop-function-{i}", daemon=True)
            for i in range(parallel)
        ]
        self._lock = threading.RLock()
        self._cancels: dict[str, Callable[[], object]] = {}
        """Experiment -> what cancels its coroutine, while it runs."""
        self._stopped = ""

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
        """Hand a batch to the threads; each takes the next one as it gets free."""
        futures: list[Future[ExperimentResult]] = [Future() for _ in batch]
        for item in zip(batch, futures, strict=True):
            self._asked.put(item)
        return futures

    def settle(self) -> None:
        """Do nothing: time goes on by itself."""

    def now(self) -> float:
        """Return seconds of the campaign in which it was open, this time and before."""
        return self._clock() - self._origin

    def stop(self, reason: str) -> None:
        """Begin nothing further and cancel what can be; from any thread and signal handler."""
        with self._lock:
            self._stopped = self._stopped or reason
            cancels = list(self._cancels.values())
        for cancel in cancels:
            cancel()

    def _work(self) -> None:
        while (item := self._asked.get()) is not None:
            job, future = item
            future.set_result(self._carry_out(job))

    def _carry_out(self, job: ExperimentJob) -> ExperimentResult:
        """Return how an experiment ended; whatever happens is a state."""
        result = ExperimentResult(
            experiment_id=job.experiment_id, state=ExperimentState.ABANDONED, reason=self._stopped
        )
        if self._stopped:
            return result
        result = replace(result, lab_started=self.now())
        try:
            self._experiments.move(
                job.experiment_id,
                ExperimentState.RUNNING,
                actor=self._actor,
                lab_time=result.lab_started,
            ).result()
            measurement = to_measurement(self._call(job), self._units)
            self._experiments.save_raw(job.experiment_id, measurement).result()
        except BaseException as error:  # noqa: BLE001 - process edge: a person's code, also its sys.exit
            state, reason = self._state_and_reason(error)
            result = replace(result, state=state, reason=reason)
        else:
            result = replace(result, state=ExperimentState.DONE, measurement=measurement)
        return replace(result, lab_finished=self.now())

    def _call(self, job: ExperimentJob) -> object:
        returned = self._procedure(Conditions(job.point, self._units, job.well))
        return self._awaited(job, returned) if inspect.isawaitable(returned) else returned

    def _awaited(self, job: ExperimentJob, returned: Awaitable[object]) -> object:
        """Carry a coroutine to its end in this thread, unless a stop cancels it."""

        async def run() -> object:
            task, loop = asyncio.current_task(), asyncio.get_running_loop()
            with self._lock:
                if task is not None:
                    self._cancels[job.experiment_id] = lambda: loop.call_soon_threadsafe(
                        task.cancel
                    )
                stopped = self._stopped
            try:
                if stopped and task is not None:
                    task.cancel()
                return await returned
            finally:
                with self._lock:
                    del self._cancels[job.experiment_id]

        try:
            return asyncio.run(run())
        except asyncio.CancelledError as error:
            if not self._stopped:
                raise
            raise ExperimentCancelled(self._stopped) from error

    def _state_and_reason(self, error: BaseException) -> tuple[ExperimentState, str]:
        """Return state and reason of what the function raised, with its line."""
        if isinstance(error, ExperimentCancelled):
            return ExperimentState.ABANDONED, str(error)
        named = [] if isinstance(error, LabloopError) else [type(error).__name__]
        place = error_location(error, _file_of(self._procedure))
        reason = ": ".join([*named, *filter(None, [str(error)])])
        reason += f" ({place})" if place else ""
        uncertain = isinstance(error, UncertainError)
        return ExperimentState.UNCERTAIN if uncertain else ExperimentState.FAILED, reason


def _file_of(function: Callable[..., Any]) -> Path:
    """Return where a function was written; a notebook's cells have names of their own."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return Path(code.co_filename if code is not None else "")
