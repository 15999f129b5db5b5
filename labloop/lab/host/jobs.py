"""The experiments that run in the lab's loop, and when their ends are told.

In simulated time an experiment that ended holds lab time until the caller has reacted, and
the next end is told only then: what a campaign sees never depends on how fast it looks.
"""

import asyncio
from collections import deque
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
from labloop.lab.procedure import Lab, run_procedure
from labloop.lab.time import LabLoop

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LabJob(Generic[T]):
    """One experiment to carry out: ``run`` is given the lab and returns what it measured."""

    experiment_id: str
    run: Callable[[Lab], Awaitable[T]]


@dataclass(slots=True, eq=False)
class Entry:
    """A job on the board."""

    job: LabJob[Any]
    scope: Scope
    lab: Lab
    experiment: bool = True
    """False for what a person or the lab itself does: it needs no result and no settling."""
    of_the_end: bool = False
    """Belongs to the safe states: it may begin after a stop."""
    future: "Future[Any]" = field(default_factory=Future)
    task: "asyncio.Task[Any] | None" = None
    reason: str = ""
    """Why it was cancelled."""
    blocked: str = ""
    """Set by the watchdog where its code blocked the loop for long."""


class JobRunner:
    """All running jobs. Every method is called in the lab's loop.

    Args:
        loop: the lab's loop.
        holding: lab time is simulated, and an end holds it until the caller has reacted.
    """

    def __init__(self, loop: LabLoop, *, holding: bool) -> None:
        self._holding = holding
        self._loop = loop
        self._running: dict[Entry, None] = {}
        self._ended: deque[tuple[Entry, Any, BaseException | None]] = deque()
        self._waiting_for_caller = False
        self.told = 0
        """Ends told so far."""
        self.stopped = ""
        """Why everything ends; empty while the lab works."""
        self._leaving = False
        # Nothing runs: lab time stands still.
        loop.freeze()
        self._idle = True

    def begin(self, entries: Sequence[Entry]) -> None:
        """Let jobs run, all at the same lab time and in their order."""
        for entry in entries:
            if self.stopped and not entry.of_the_end:
                _tell(entry, None, _cancelled(entry, self.stopped))
                continue
            self._running[entry] = None
            entry.task = self._loop.create_task(self._carry(entry), name=entry.job.experiment_id)
            entry.task.add_done_callback(partial(self._done, entry))
        self._mind_the_clock()

    def settle(self, told: int) -> None:
        """The caller has reacted to the first ``told`` ends: lab time may go on."""
        if self._waiting_for_caller and told >= self.told:
            self._waiting_for_caller = False
            self._loop.unfreeze()
            self._tell()

    def cancel(self, reason: str, experiment_id: str | None = None) -> None:
        """Cancel one experiment, or all."""
        for entry in self._running:
            if experiment_id in {None, entry.job.experiment_id} and entry.task is not None:
                entry.reason = entry.reason or reason
                entry.task.cancel()

    def stop(self, reason: str) -> None:
        """Cancel all, refuse what comes later, and tell each end at once.

        When all have left, lab time stands still, except between :meth:`leave` and :meth:`rest`:
        how soon the caller closes the lab changes nothing in it.
        """
        if not self.stopped:
            self.stopped = reason
            self._tell_all()
        self.cancel(reason)

    def leave(self) -> None:
        """The lab is being made safe: lab time goes on."""
        self._leaving = True
        self._mind_the_clock()

    def rest(self) -> None:
        """The lab has been made safe: lab time stands still again."""
        self._leaving = False
        self._mind_the_clock()

    def blame(self, task: object, message: str) -> None:
        """Let the job of ``task`` fail: its code blocked the loop. Called by the watchdog."""
        for entry in list(self._running):
            if entry.task is task:
                entry.blocked = message

    async def wait(self, seconds: float) -> list[str]:
        """Wait until all have ended, at most ``seconds``; give up on the rest and name them."""
        tasks = [entry.task for entry in self._running if entry.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        left = list(self._running)
        for entry in left:
            why = f"{entry.reason}, and it did not leave within {seconds:g} s"
            # It may still run, so nothing that it asks for reaches a device any more.
            entry.scope.given_up = why
            self._end(entry, None, UncertainError(f"{entry.job.experiment_id} was ended: {why}"))
        return [entry.job.experiment_id for entry in left]

    async def _carry(self, entry: Entry) -> None:
        SCOPE.set(entry.scope)
        result: Any = None
        error: LabloopError | Exception | None = None
        try:
            result = await run_procedure(entry.job.run, entry.lab, result_needed=entry.experiment)
        except asyncio.CancelledError:
            error = _cancelled(entry, entry.reason)
        except Exception as raised:  # noqa: BLE001 - process edge: a person's code may raise anything
            error = raised
        except GeneratorExit:
            raise
        except BaseException as raised:  # noqa: BLE001 - the same: it would end the lab's loop
            error = ProcedureError(
                f"the procedure raised {type(raised).__name__}({raised}), which would end the "
                "program; end an experiment by `return` or by an exception of its own"
            )
            error.__cause__ = raised
        if entry.blocked:
            error = BlockingCallError(entry.blocked)
        self._end(entry, result, error)

    def _done(self, entry: Entry, _: "asyncio.Task[None]") -> None:
        """End a job that was cancelled before its first step."""
        self._end(entry, None, _cancelled(entry, entry.reason))

    def _end(self, entry: Entry, result: Any, error: BaseException | None) -> None:
        if entry not in self._running:
            # Given up before.
            return
        del self._running[entry]
        entry.scope.over = entry.experiment
        if not (entry.experiment and self._holding) or self.stopped:
            _tell(entry, result, error)
        else:
            # Held from the very moment of the end, told when nothing else can happen.
            self._loop.freeze()
            self._ended.append((entry, result, error))
            self._loop.call_when_idle(self._tell)
        self._mind_the_clock()

    def _tell(self) -> None:
        """Tell one end; the next one follows when the caller has reacted."""
        if self._waiting_for_caller or not self._ended:
            return
        entry, result, error = self._ended.popleft()
        self._waiting_for_caller = True
        self.told += 1
        _tell(entry, result, error)

    def _tell_all(self) -> None:
        if self._waiting_for_caller:
            self._waiting_for_caller = False
            self._loop.unfreeze()
        while self._ended:
            entry, result, error = self._ended.popleft()
            self._loop.unfreeze()
            _tell(entry, result, error)

    def _mind_the_clock(self) -> None:
        """Hold lab time while nothing runs, except while the lab is being made safe."""
        idle = not self._running and not self._leaving
        if idle and not self._idle:
            self._loop.freeze()
        elif self._idle and not idle:
            self._loop.unfreeze()
        self._idle = idle


def _cancelled(entry: Entry, reason: str) -> ExperimentCancelled:
    return ExperimentCancelled(f"{entry.job.experiment_id} was ended: {reason or 'cancelled'}")


def _tell(entry: Entry, result: Any, error: BaseException | None) -> None:
    if error is None:
        entry.future.set_result(result)
    else:
        entry.future.set_exception(error)
