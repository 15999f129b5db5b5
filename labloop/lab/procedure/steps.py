"""Named steps: their results are committed, and they are skipped after a restart."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from labloop.errors import ProcedureError, StoreError
from labloop.lab.devices import Scope
from labloop.lab.gate import from_json, strict_json
from labloop.lab.time import Clock
from labloop.records import ActionState, Intent, Journal, Json, Outcome


class Steps:
    """Runs the steps of all experiments of one lab.

    Args:
        clock: lab time.
        journal: where steps are committed.
        stop: stops the lab where the journal fails.
    """

    def __init__(self, clock: Clock, journal: Journal, stop: Callable[[str], None]) -> None:
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
        if name in scope.steps:
            raise ProcedureError(f"step {name!r} was used twice; each step needs its own name")
        scope.steps.add(name)
        if name in scope.finished:
            return from_json(scope.finished[name])
        given = strict_json(list(args), f"an argument of step {name!r}")
        intent = Intent(
            id=scope.next_id("step"),
            campaign_id=scope.campaign_id,
            experiment_id=scope.experiment_id,
            device="",
            name=name,
            kind="step",
            arguments={"args": given},
            lab_time=self._clock.now(),
            actor=scope.actor,
        )
        await self._clock.finish(self._commit(self._journal.intent(intent)))
        try:
            result = strict_json(await f(*args), f"the result of step {name!r}")
        except (Exception, asyncio.CancelledError) as error:
            detail = "cancelled" if isinstance(error, asyncio.CancelledError) else str(error)
            await self._end(intent, ActionState.FAILED, None, detail)
            raise
        await self._end(intent, ActionState.DONE, result, "")
        # The same value whether the step ran now or before a restart.
        return from_json(result)

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
