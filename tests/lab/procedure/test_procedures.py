"""Promise: procedures, steps and stations behave as the one page about them says."""

import asyncio

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import NoResultError, ProcedureError
from labloop.lab import LabJob, MemoryJournal
from labloop.records import ActionState, CurveData
from labloop.units import quantity


def run_one(procedure, **options):
    with toy_host(**options) as host:
        return host.run([LabJob("camp-0001", procedure)])[0]


def test_a_plain_def_gets_a_sentence():
    """Promise: `def` instead of `async def` is named."""

    def plain(lab):
        return {"x": 1}

    with pytest.raises(NoResultError, match=r"plain is a plain `def`; write `async def`"):
        run_one(plain)


def test_a_procedure_without_result_gets_a_sentence():
    """Promise: a forgotten return is named."""

    async def silent(lab):
        await lab.a.value()

    with pytest.raises(NoResultError, match=r"silent returned nothing; end it with `return"):
        run_one(silent)


def test_an_unknown_device_gets_a_sentence():
    """Promise: the devices that exist are named, and listed for a window."""

    async def wrong(lab):
        assert {"a", "b", "c"} <= set(dir(lab))
        return await lab.pump.value()

    with pytest.raises(AttributeError, match="the lab has no device 'pump'; it has: a, b, c"):
        run_one(wrong)


def test_steps_that_are_done_are_skipped():
    """Promise: a procedure entered again goes on where it was, with the same values."""
    journal = MemoryJournal()
    calls = []

    async def weigh(amount, names):
        calls.append("weigh")
        curve = CurveData([1, 2], [3, 4], "min", "mAU")
        return {"mass": amount * 2, "curve": curve, "names": names}

    async def fails(fail):
        calls.append("heat")
        if fail:
            raise ValueError("the oven is cold")
        return "warm"

    async def procedure(lab, fail):
        weighed = await lab.step("weigh", weigh, quantity(3, "mg"), ("x", "y"))
        assert weighed["mass"] == quantity(6, "mg")
        assert weighed["curve"].y_unit == "mAU"
        assert weighed["names"] == ["x", "y"]
        return await lab.step("heat", fails, fail)

    with toy_host(journal=journal) as host:
        job = LabJob("camp-0001", lambda lab: procedure(lab, fail=True))
        with pytest.raises(ValueError, match="the oven is cold"):
            host.run([job])
    assert calls == ["weigh", "heat"]
    with toy_host(journal=journal) as host:
        assert host.run([LabJob("camp-0001", lambda lab: procedure(lab, fail=False))]) == ["warm"]
    assert calls == ["weigh", "heat", "heat"]
    entries = journal.entries("camp", "camp-0001")
    assert [(e.intent.kind, e.intent.name, e.state) for e in entries] == [
        ("step", "weigh", ActionState.DONE),
        ("step", "heat", ActionState.FAILED),
        ("step", "heat", ActionState.DONE),
    ]
    assert entries[0].intent.arguments == {"args": [{"value": 3.0, "unit": "mg"}, ["x", "y"]]}


def test_a_step_twice_and_a_step_that_json_cannot_hold():
    """Promise: one sentence each."""

    async def nothing():
        return object()

    async def unkeepable(lab):
        return await lab.step("odd", nothing)

    with pytest.raises(Exception, match="the result of step 'odd' can only be kept as JSON"):
        run_one(unkeepable)

    async def fine():
        return 1

    async def twice(lab):
        await lab.step("same", fine)
        return await lab.step("same", fine)

    with pytest.raises(ProcedureError, match="step 'same' was used twice"):
        run_one(twice)


def test_stations_are_given_first_come_first_served():
    """Promise: two of three work at once, the third gets the first that is free."""
    seen = []

    async def use(lab, number):
        async with lab.any("oven") as oven:
            seen.append((number, oven, round(lab.now().magnitude)))
            await lab.wait(quantity(10 + number, "s"))
        return oven

    tables = {"stations": {"oven": {"names": ["left", "right"]}}}
    with toy_host(tables=tables) as host:
        host.run([LabJob(f"e{n}", lambda lab, n=n: use(lab, n)) for n in range(4)])
    assert seen == [(0, "left", 0), (1, "right", 0), (2, "left", 10), (3, "right", 11)]


def test_an_unknown_station_gets_a_sentence():
    """Promise: the kinds that exist are named."""

    async def wrong(lab):
        async with lab.any("furnace"):
            return 1

    with pytest.raises(ProcedureError, match="no stations 'furnace'; it has: none"):
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


def test_a_place_is_given_back_when_its_holder_is_cancelled():
    """Promise: whoever leaves the line, or the place, lets the next one in."""

    async def hold(lab, seconds):
        async with lab.any("oven") as oven:
            await lab.wait(quantity(seconds, "s"))
            return oven

    async def procedure(lab):
        tasks = [asyncio.create_task(hold(lab, n)) for n in (100, 10, 20)]
        await lab.wait(quantity(1, "s"))
        tasks[1].cancel()
        tasks[0].cancel()
        return await tasks[2], lab.now().magnitude

    tables = {"stations": {"oven": {"count": 1}}}
    oven, end = run_one(procedure, tables=tables)
    assert oven == "oven-1"
    assert end == pytest.approx(21, abs=0.1)


def test_stations_bound_how_many_work_at_once():
    """Promise: a lab file with two seats has two experiments at work, the others wait."""
    with toy_host(tables={"stations": {"seat": {"count": 2}}}) as host:

        async def use(lab):
            async with lab.any("seat"):
                await lab.wait(quantity(1, "min"))
                return round(lab.now().magnitude)

        ends = host.run([LabJob(f"e{n}", use) for n in range(4)])
    assert ends == [60, 60, 120, 120]


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
