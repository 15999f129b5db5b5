"""Named steps: their results are committed, and they are skipped after a restart."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from labloop.errors import ProcedureError, StoreError
from labloop.lab.devices import STEP, Scope
from labloop.lab.gate import from_json, strict_json
from labloop.lab.procedure.late import AwaitsResult, LateResult
from labloop.lab.time import Clock
from labloop.records import ActionState, Intent, Journal, Json, Outcome


class Steps:
    """Runs the steps of all experiments of one lab.

    Args:
        clock: lab time.
        journal: where steps are committed.
        stop: stops the lab where the journal fails.
        simulated: whether the lab is: then a procedure may tell its late results itself.
    """

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        stop: Callable[[str], None],
        *,
        simulated: bool = False,
    ) -> None:
        self._simulated = simulated
        self._clock = clock
        self._journal = journal
        self._stop = stop

    async def run(
        self, scope: Scope, name: str, f: Callable[..., Awaitable[Any]], args: tuple[Any, ...]
    ) -> Any:
        """Run one step, or return the result that an earlier process committed.

        Raises:
            ProcedureError: the experiment has a second step of that name.
            DefinitionError: JSON cannot hold an argument or the result.
            StoreError: the journal failed; the lab is stopped.
        """
        _enter(scope, name)
        if name in scope.finished:
            return from_json(scope.finished[name])
        given = strict_json(list(args), f"an argument of step {name!r}")
        intent = await self._begin(scope, name, {"args": given})
        token = STEP.set(name)
        try:
            result = strict_json(await f(*args), f"the result of step {name!r}")
        except (Exception, asyncio.CancelledError) as error:
            detail = "cancelled" if isinstance(error, asyncio.CancelledError) else str(error)
            await self._end(intent, ActionState.FAILED, None, detail)
            raise
        finally:
            STEP.reset(token)
        await self._end(intent, ActionState.DONE, result, "")
        # The same value whether the step ran now or before a restart.
        return from_json(result)

    async def later(self, scope: Scope, asked: LateResult, simulated: object) -> Any:
        """Return a late result; while it is not there, leave the procedure.

        Args:
            scope: of the experiment.
            asked: what is waited for.
            simulated: the result in a simulated lab; None where a person is asked there, too.

        Raises:
            ProcedureError: something would be done again when the procedure is entered again.
        """
        name = asked.step
        _enter(scope, name)
        if name in scope.finished:
            return from_json(scope.finished[name])
        if scope.experiment_id is None:
            raise ProcedureError(f"lab.later({name!r}) belongs to an experiment")
        if STEP.get():
            raise ProcedureError(
                f"lab.later({name!r}) stands inside of step {STEP.get()!r}, which would be done "
                "again when the result is there; ask between two steps"
            )
        if scope.outside:
            raise ProcedureError(
                f"{', '.join(scope.outside)} was done outside of a step, and would be done again "
                f"when {name!r} is there; put what comes before lab.later into "
                "`await lab.step(...)`"
            )
        if name not in scope.open_late:
            await self._begin(scope, name, asked.arguments)
        scope.awaits = asked.words
        if self._simulated and simulated is not None:
            scope.simulated[name] = asked.text(simulated)
        raise AwaitsResult(asked.words)

    async def _begin(self, scope: Scope, name: str, arguments: Mapping[str, Json]) -> Intent:
        intent = Intent(
            id=scope.next_id("step"),
            campaign_id=scope.campaign_id,
            experiment_id=scope.experiment_id,
            device="",
            name=name,
            kind="step",
            arguments=arguments,
            lab_time=self._clock.now(),
            actor=scope.actor,
            step=STEP.get(),
        )
        await self._clock.finish(self._commit(self._journal.intent(intent)))
        return intent

    async def _end(self, intent: Intent, state: ActionState, result: Json, detail: str) -> None:
        outcome = Outcome(
            intent_id=intent.id,
            state=state,
            result=result,
            detail=detail,
            lab_time=self._clock.now(),
            actor=intent.actor,
        )
        await self._clock.finish(self._commit(self._journal.outcome(outcome)))

    async def _commit(self, future: Any) -> None:
        try:
            await self._clock.external(future)
        except Exception as error:
            reason = f"the journal could not keep a step: {error}"
            self._stop(reason)
            raise StoreError(f"{reason}; the lab is stopped") from error


def _enter(scope: Scope, name: str) -> None:
    if name in scope.steps:
        raise ProcedureError(f"step {name!r} was used twice; each step needs its own name")
    scope.steps.add(name)
