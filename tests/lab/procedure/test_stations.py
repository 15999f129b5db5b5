"""Promise: stations are handed out first come, first served, and never lost."""

import asyncio

import pytest
from lab_toys import toy_host

from labloop.errors import ProcedureError
from labloop.lab import LabJob
from labloop.units import quantity


def run_one(procedure, **options):
    with toy_host(**options) as host:
        return host.run([LabJob("camp-0001", procedure)])[0]


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
