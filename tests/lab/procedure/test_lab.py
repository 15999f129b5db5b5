"""Promise: a procedure finds its devices by name and may have them to itself."""

import asyncio

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import ProcedureError
from labloop.lab import LabJob
from labloop.units import quantity


def run_one(procedure, **options):
    with toy_host(**options) as host:
        return host.run([LabJob("camp-0001", procedure)])[0]


def test_an_unknown_device_gets_a_sentence():
    """Promise: the devices that exist are named, and listed for a window."""

    async def wrong(lab):
        assert {"a", "b", "c"} <= set(dir(lab))
        return await lab.pump.value()

    with pytest.raises(AttributeError, match="the lab has no device 'pump'; it has: a, b, c"):
        run_one(wrong)


def test_exclusive_devices_take_turns_and_never_deadlock():
    """Promise: several devices at once, in whatever order they are named."""

    async def use(lab, first, second):
        async with lab.exclusive(getattr(lab, first), getattr(lab, second)):
            await lab.wait(quantity(1, "min"))
            return lab.now().magnitude

    with toy_host() as host:
        jobs = [
            LabJob("e1", lambda lab: use(lab, "a", "b")),
            LabJob("e2", lambda lab: use(lab, "b", "a")),
        ]
        assert [round(end) for end in host.run(jobs)] == [60, 120]


def test_holding_a_device_twice_gets_a_sentence():
    """Promise: an experiment does not wait for itself."""

    async def twice(lab):
        async with lab.exclusive(lab.a), lab.exclusive(lab.b, lab.a):
            return 1

    with pytest.raises(ProcedureError, match="a is held by this experiment already"):
        run_one(twice)


def test_what_each_device_does_can_be_seen():
    """Promise: from any thread, in words."""
    seen = []

    async def watched(lab):
        async def look():
            await lab.wait(quantity(1, "s"))
            seen.append(dict(host.activity()))

        async with asyncio.TaskGroup() as group:
            group.create_task(lab.a.run(quantity(5, "s")))
            group.create_task(look())
        return 1

    with toy_host("a", "b", world=ToyWorld("a", "b")) as host:
        host.run([LabJob("camp-0001", watched)])
        assert set(host.activity().values()) == {"idle"}
    assert seen == [{"a": "run(time=5 s) for camp-0001", "b": "idle"}]
