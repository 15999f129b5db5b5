"""Work beside the lab's loop, in the middle of a procedure: ``await lab.run(...)``."""

import asyncio
import itertools
import math
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from labloop.errors import DeviceTimeoutError, UncertainError
from labloop.lab.devices import Scope
from labloop.lab.time import Clock
from labloop.lab.work import Attempts, StopFlag, Work, WorkCall, WorkJournal, as_work
from labloop.records import Journal
from labloop.units import Quantity, magnitude

_END_SECONDS = 4.0
"""How long work has to end after its experiment was ended."""


class LabWork:
    """Carries out the functions, commands, notebooks and jobs of one lab's procedures.

    Args:
        clock: lab time.
        journal: where attempts are committed.
        folder: the campaign's, in which programs and notebooks are looked for.
        simulated: whether the lab is.
    """

    def __init__(self, clock: Clock, journal: Journal, folder: Path, *, simulated: bool) -> None:
        self._clock = clock
        self._journal = journal
        self._folder = folder
        self._simulated = simulated
        self._running: dict[str, WorkCall] = {}
        """What runs -> its newest attempt; changed by the threads."""

    def activity(self) -> Mapping[str, str]:
        """Return what runs -> how far it has come; may be called from any thread."""
        return {name: call.record.words or "runs" for name, call in self._running.copy().items()}

    async def run(
        self,
        scope: Scope,
        thing: Work | Callable[..., Any],
        args: tuple[Any, ...],
        *,
        simulated: Work | Callable[..., Any] | None,
        takes: Quantity | None,
    ) -> Any:
        """Carry one piece of work out; see :meth:`Lab.run`."""
        chosen = simulated if self._simulated and simulated is not None else thing
        work, began = as_work(chosen), self._clock.now()
        lasts = None if takes is None else magnitude(takes, "s", "lab.run takes")
        stop, future = StopFlag(), Future[Any]()
        scope.note(work.name, harmless=work.repeatable)
        name = self._free_name(work.name, scope)
        rows = WorkJournal(
            journal=self._journal,
            campaign_id=scope.campaign_id,
            experiment_id=scope.experiment_id,
            actor=scope.actor,
            now=self._clock.now,
        )

        def new_call(key: str) -> WorkCall:
            call = self._running[name] = WorkCall(args, self._folder, key, stop)
            return call

        attempts = Attempts(work, rows, scope.next_id("work"), new_call)
        thread = threading.Thread(
            target=_complete, args=(attempts, future), name=f"labloop-{work.name}", daemon=True
        )
        thread.start()
        try:
            result = await self._ended(work, stop, future)
        finally:
            self._running.pop(name, None)
        if lasts is not None and self._simulated:
            await self._clock.until(began + lasts)
        return result

    async def _ended(self, work: Work, stop: StopFlag, future: "Future[Any]") -> Any:
        """Wait for the end; where the experiment is ended meanwhile, end the work with it."""
        try:
            # With patience, a wait that is cancelled stops simulated lab time no more.
            return await self._clock.external(future, patience=math.inf)
        except asyncio.CancelledError:
            stop.set("its experiment was ended")
            if future.done():
                raise
            with suppress(DeviceTimeoutError):
                async with self._clock.deadline(_END_SECONDS, work.name):
                    await self._clock.external(_quiet(future), patience=_END_SECONDS)
            if not future.done():
                raise UncertainError(
                    f"the experiment was ended, and {work.name} still runs: a thread cannot be "
                    "ended (with process=True it would have been)"
                ) from None
            raise

    def _free_name(self, name: str, scope: Scope) -> str:
        number = (scope.experiment_id or "").rpartition("-")[2].lstrip("0")
        shown = f"{name} ({number})" if number else name
        names = itertools.chain([shown], (f"{shown} {i}" for i in itertools.count(2)))
        return next(each for each in names if each not in self._running)


def _complete(attempts: Attempts, future: "Future[Any]") -> None:
    try:
        result = attempts.run()
    except BaseException as error:  # noqa: BLE001 - process edge: raised where it is awaited
        future.set_exception(error)
    else:
        future.set_result(result)


def _quiet(future: "Future[Any]") -> "Future[None]":
    """Return a future that completes together with ``future``, without its error."""
    done: Future[None] = Future()
    future.add_done_callback(lambda _: done.set_result(None))
    return done
