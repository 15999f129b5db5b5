"""Promise: an action takes quantities, tells every mistake in a sentence, and happens once."""

import asyncio
from typing import Annotated

import pytest
from lab_toys import Toy, toy_host

from labloop.errors import DefinitionError, NotAwaitedError, UnitError
from labloop.lab import Arg, Device, LabJob, MemoryJournal, action, read
from labloop.units import quantity

FLOW = quantity(2, "mL/min")


def by_hand(f, **options):
    with toy_host("a", **options) as host:
        return host.call(f)


def test_an_action_that_is_not_awaited_fails_the_experiment_by_line():
    """Promise: the message names action, file and line."""

    async def forgetful(lab):
        lab.a.set_value(FLOW)
        return {"x": 1}

    with toy_host("a") as host, pytest.raises(NotAwaitedError) as told:
        host.run([LabJob("e1", forgetful)])
    line = forgetful.__code__.co_firstlineno + 1
    assert f"a.set_value was called in {__file__}, line {line}" in str(told.value)


def test_a_call_used_as_if_it_were_its_result_is_named():
    """Promise: a forgotten `await` is told, not the error that Python makes of it."""

    async def forgetful(lab):
        made = lab.a.set_value(FLOW)
        return {"x": made["x"]}

    with toy_host("a") as host, pytest.raises(NotAwaitedError, match=r"a\.set_value was called"):
        host.run([LabJob("e1", forgetful)])


def test_an_action_begun_in_a_task_and_left_fails_the_experiment():
    """Promise: what still runs when the procedure is over is cancelled and named."""

    async def hasty(lab):
        task = asyncio.create_task(lab.a.run(quantity(1, "h")))
        await asyncio.sleep(1)
        hasty.task = task
        return {"x": 1}

    with (
        toy_host("a") as host,
        pytest.raises(NotAwaitedError, match=r"a\.run was begun and left"),
    ):
        host.run([LabJob("e1", hasty)])
    assert hasty.task.cancelled()


def test_a_procedures_own_error_is_not_hidden_by_what_it_left():
    """Promise: the first error is the one that is told."""

    async def broken(lab):
        lab.a.set_value(FLOW)
        raise ValueError("own mistake")

    with toy_host("a") as host, pytest.raises(ValueError, match="own mistake"):
        host.run([LabJob("e1", broken)])


def test_a_call_can_be_awaited_only_once():
    """Promise: an action never happens twice by accident."""

    async def twice(lab):
        call = lab.a.set_value(FLOW)
        await call
        await call

    with pytest.raises(DefinitionError, match="can be awaited once"):
        by_hand(twice)


def test_a_task_group_takes_actions():
    """Promise: what happens at once is written with a task group."""

    async def both(lab):
        async with asyncio.TaskGroup() as group:
            group.create_task(lab.a.run(quantity(60, "s")))
            group.create_task(lab.b.run(quantity(60, "s")))
        return lab.now().magnitude

    with toy_host("a", "b") as host:
        assert 60 < host.call(both) < 61


def test_an_action_may_use_actions_of_its_own_device():
    """Promise: it does not wait for itself, and each is journaled."""
    journal = MemoryJournal()
    by_hand(lambda lab: lab.a.set_twice(FLOW), journal=journal)
    names = [entry.intent.name for entry in journal.entries("camp")]
    assert names == ["set_twice", "set_value", "set_value", "safe_state"]
    assert journal.entries("camp")[0].outcome.sent == (b"SET 2.000\n", b"SET 3.000\n")


def test_declarations_that_cannot_be_used_are_refused_at_import():
    """Promise: a driver's author is told at once."""
    with pytest.raises(DefinitionError, match="must be written as `async def`"):
        action(lambda self: None)
    with pytest.raises(DefinitionError, match="takes no arguments"):

        @read
        async def value(self, which):
            return which

    with pytest.raises(DefinitionError, match="must be declared as Annotated"):

        class Bad(Device):
            @action
            async def go(self, rate: float) -> None: ...

    with pytest.raises(UnitError, match="did you mean 'mL'"):

        class Worse(Device):
            @action
            async def go(self, volume: Annotated[float, Arg("ML")]) -> None: ...


def test_a_driver_tells_what_it_can():
    """Promise: actions and reads are listed with units, for windows and checks."""
    assert set(Toy.reads) == {"value"}
    assert Toy.actions["set_value"].arguments["rate"].unit == "mL/min"
    assert Toy.actions["set_again"].idempotent
