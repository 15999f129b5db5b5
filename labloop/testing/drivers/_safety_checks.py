"""What a lab relies on: safe states, watchdogs, and the same bytes in every run."""

import asyncio
from functools import partial
from itertools import pairwise
from typing import Any

from labloop.lab import Device, LabJob, ask_executed, can_tell
from labloop.records import ActionState
from labloop.testing.drivers._case import Bench, DriverCase, require


def is_safe_twice(case: DriverCase) -> None:
    """The safe state can be called in any state, twice, and within its time."""
    with Bench(case) as bench:
        bench.do(case.act)
        for _ in range(2):
            report = bench.host.make_safe()
            require(not report.failures, f"{case.driver}: {report.told}")


def is_safe_after_a_cancelled_action(case: DriverCase) -> None:
    """An action cancelled at any moment leaves a complete journal and a safe device."""
    for place in range(4):
        with Bench(case) as bench:
            host = bench.host

            async def cut(lab: Any, place: int = place) -> int:
                device = getattr(lab, case.device)
                task = asyncio.ensure_future(case.act(device))
                await device.context.clock.sleep(0.0017 * place)
                task.cancel()
                await asyncio.wait([task])
                return 1

            host.run([LabJob("bench-0001", cut)])
        states = [each.state for each in bench.journal.entries("bench")]
        require(ActionState.INTENT not in states, f"{case.driver}: an intent has no outcome")


def feeds_its_watchdog(case: DriverCase) -> None:
    """An instrument with an armed watchdog hears from an open lab often enough, day and night."""
    with Bench(case) as bench:
        watchdog = bench.do(_watchdog_of)
        if watchdog is None:
            return
        bench.wait(2.5 * watchdog)
        bench.read(bench.reads[0])
    heard = [
        f.time for f in bench.world.truth.frames if (f.device, f.direction) == (case.device, ">")
    ]
    silent = max(after - before for before, after in pairwise(heard))
    require(
        silent < watchdog,
        f"{case.driver}: its watchdog of {watchdog:g} s heard nothing for {silent:g} s",
    )


async def _watchdog_of(device: Device) -> float | None:
    return device.watchdog


def is_deterministic(case: DriverCase) -> None:
    """The same calls give the same bytes at the same lab time."""
    digests = set()
    for _ in range(2):
        with Bench(case) as bench:
            bench.do(case.act)
            for name in bench.reads:
                bench.read(name)
        digests.add(bench.world.truth.digest())
    require(len(digests) == 1, f"{case.driver}: two equal runs differ")


def tells_what_it_did(case: DriverCase) -> None:
    """An instrument that can be asked says DONE of what it did, NOT_SENT of what it never got."""
    with Bench(case) as bench:
        if not can_tell(bench.kind):
            return
        bench.host.run([LabJob("bench-0001", lambda lab: _acted(lab, case))])
        [done, *_] = bench.journal.entries("bench", "bench-0001")
        before = len(bench.journal.entries("bench"))
        for intent_id, state in (
            (done.intent.id, ActionState.DONE),
            ("bench-0001-a999", ActionState.NOT_SENT),
        ):
            told = bench.do(partial(ask_executed, intent_id=intent_id))
            require(
                told is state,
                f"{case.driver}: executed() says {told.value} of an action that was {state.value}",
            )
        after = len(bench.journal.entries("bench"))
        require(after == before, f"{case.driver}: executed() acts, and may only ask")


async def _acted(lab: Any, case: DriverCase) -> int:
    await case.act(getattr(lab, case.device))
    return 1
