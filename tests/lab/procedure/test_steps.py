"""Promise: a step that is done is skipped after a restart, with the same result."""

import pytest
from lab_toys import toy_host

from labloop.errors import ProcedureError
from labloop.lab import LabJob, MemoryJournal
from labloop.records import ActionState, CurveData
from labloop.units import quantity


def run_one(procedure, **options):
    with toy_host(**options) as host:
        return host.run([LabJob("camp-0001", procedure)])[0]


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
