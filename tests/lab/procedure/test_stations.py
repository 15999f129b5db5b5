"""Promise: stations are handed out first come, first served, and never lost."""

import asyncio

import pytest
from lab_toys import toy_host

from labloop.errors import DeviceInUseError, ProcedureError
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


def ovens(**rules):
    """Return the tables of a lab with one oven, unless rules say otherwise."""
    return {"stations": {"oven": {"count": 1, **rules}}}


def visits(tables, *uses, seconds=60.0):
    """Let experiments use an oven from given seconds on; return when each was in it.

    ``uses``: second, setting; each stays for ``seconds`` from when the oven is ready.
    """
    seen = {}

    async def use(lab, number, at, setting):
        await lab.wait(quantity(at, "s"))
        async with lab.any("oven", setting=setting) as oven:
            begin = lab.now().to("s").magnitude
            await lab.wait(quantity(seconds, "s"))
            seen[number] = (oven, round(begin), round(lab.now().to("s").magnitude))
        return "over"

    with toy_host(tables=tables) as host:
        jobs = [
            LabJob(f"e-{n}", lambda lab, n=n, use_=each: use(lab, n, *use_))
            for n, each in enumerate(uses)
        ]
        host.run(jobs)
    return [seen[number] for number in sorted(seen)]


def test_a_cold_station_warms_up_first_and_again_after_it_was_idle():
    """Promise: before its first use, and after idle_for; not in between."""
    tables = ovens(warm_up="20 min", idle_for="2 h")
    found = visits(tables, (0, None), (1, None), (20_000, None))
    assert [begin for _, begin, _ in found] == [1200, 1260, 20_000 + 1200]


def test_a_station_is_cleaned_after_each_use():
    """Promise: the next one waits for it, whoever has just left does not."""
    found = visits(ovens(cleaning="10 min"), (0, None), (1, None))
    assert found == [("oven-1", 0, 60), ("oven-1", 660, 720)]


CHANGE = {"parameter": "temperature", "unit": "degC", "time": "15 min"}


def test_another_setting_takes_a_change_over_and_equal_ones_follow_each_other():
    """Promise: 80, 120, 80 asked for together are two changes fewer than in their order."""
    hot, warm = quantity(120, "degC"), quantity(80, "degC")
    found = visits(ovens(change_over=CHANGE), (0, warm), (1, hot), (2, quantity(353.15, "K")))
    assert [begin for _, begin, _ in found] == [0, 120 + 900, 60]


def test_of_several_ovens_the_one_at_the_setting_is_taken():
    """Promise: a change-over that can be spared is spared."""
    hot, warm = quantity(120, "degC"), quantity(80, "degC")
    tables = ovens(change_over=CHANGE, count=2)
    found = visits(tables, (0, warm), (1, hot), (100, hot), (200, warm))
    assert found[2:] == [("oven-2", 100, 160), ("oven-1", 200, 260)]


def test_equal_settings_starve_nobody():
    """Promise: whoever was passed over eight times goes first."""
    hot, warm = quantity(120, "degC"), quantity(80, "degC")
    uses = [(0, warm), (1, hot), *((2 + n, warm) for n in range(20))]
    found = visits(ovens(change_over=CHANGE), *uses)
    assert sum(begin < found[1][1] for _, begin, _ in found) == 1 + 8


def test_samples_at_one_setting_share_a_station():
    """Promise: capacity says how many; one at another setting waits until it is empty."""
    hot, warm = quantity(120, "degC"), quantity(80, "degC")
    tables = ovens(capacity=3, change_over=CHANGE)
    found = visits(tables, (0, warm), (10, warm), (20, hot), (30, warm), (31, warm))
    assert [begin for _, begin, _ in found] == [0, 10, 120 + 900, 30, 60]


def test_a_sample_that_joins_waits_until_the_station_is_ready():
    """Promise: the warm-up is for all that are in it."""
    found = visits(ovens(capacity=2, warm_up="1 min"), (0, None), (20, None))
    assert [begin for _, begin, _ in found] == [60, 60]


def test_those_in_one_station_use_its_device_together():
    """Promise: an oven with room for two is not refused to the second; to a stranger it is."""
    tables = {"stations": {"a": {"names": ["a"], "capacity": 2}}}

    async def inside(lab):
        async with lab.any("a"):
            await lab.a.set_value(quantity(5, "mL/min"))
            await lab.wait(quantity(1, "min"))
        return "over"

    async def outside(lab):
        await lab.wait(quantity(5, "s"))
        await lab.a.set_value(quantity(5, "mL/min"))
        return "over"

    with toy_host("a", tables=tables) as host:
        assert host.run([LabJob("e1", inside), LabJob("e2", inside)]) == ["over", "over"]
        with pytest.raises(DeviceInUseError, match="e3 asked a"):
            host.run([LabJob("e3", outside), LabJob("e4", inside), LabJob("e5", inside)])


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        (None, r"a use of oven needs its temperature, in degC: lab.any\('oven', setting=x.temp"),
        (quantity(5, "mL"), "the setting of oven needs a quantity in 'degC', got 5.0 ml"),
        (80, "the setting of oven .*'degC'.* 80"),
        ("hot", "the setting of oven .*'degC'.* 'hot'"),
    ],
)
def test_a_setting_that_does_not_fit_gets_a_sentence(setting, sentence):
    """Promise: before the oven is taken."""
    with pytest.raises(ProcedureError, match=sentence):
        visits(ovens(change_over=CHANGE), (0, setting))


def test_a_setting_with_a_unit_needs_one_in_the_lab_file():
    """Promise: two units of one setting are never compared as texts."""
    tables = ovens(change_over={"parameter": "temperature", "time": "15 min"})
    with pytest.raises(ProcedureError, match=r"say so in the lab file: change_over = .* unit"):
        visits(tables, (0, quantity(80, "degC")))
