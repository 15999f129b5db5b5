"""Promise: who waits is told for whom, nobody starves, and nobody waits for ever."""

import asyncio

import pytest
from lab_toys import toy_host

from labloop.errors import ProcedureError
from labloop.lab import LabJob, PlannedUse, UsePlan
from labloop.units import quantity

TABLES = {"stations": {"oven": {"count": 2}, "bench": {"count": 1}}}


def stay(lab, seconds):
    return lab.wait(quantity(seconds, "s"))


def now(lab):
    return round(lab.now().to("s").magnitude)


def test_all_at_once_leaves_nobody_waiting_for_the_other():
    """Promise: in whatever order two recipes name an oven and a device, both come to their end."""

    async def use(lab, *names):
        async with lab.all(*names) as got:
            await stay(lab, 60)
        return got, now(lab)

    with toy_host("a", tables={"stations": {"oven": {"count": 1}}}) as host:
        jobs = [
            LabJob("e1", lambda lab: use(lab, "oven", "a")),
            LabJob("e2", lambda lab: use(lab, "a", "oven")),
        ]
        assert host.run(jobs) == [(("oven-1", "a"), 60), (("a", "oven-1"), 120)]


def test_who_needs_several_at_once_is_passed_over_eight_times_at_most():
    """Promise: the oven is kept for it then, although others could use it."""
    seen = []

    async def single(lab, at):
        await stay(lab, at)
        async with lab.any("bench"):
            seen.append("single")
            await stay(lab, 10)
        return "over"

    async def both(lab):
        await stay(lab, 1)
        async with lab.all("oven", "bench"):
            seen.append("both")
        return "over"

    async def holder(lab):
        async with lab.any("oven"):
            await stay(lab, 150)
        return "over"

    tables = {"stations": {"oven": {"count": 1}, "bench": {"count": 1}}}
    with toy_host(tables=tables) as host:
        singles = [LabJob(f"s{n}", lambda lab, n=n: single(lab, 2 + 9 * n)) for n in range(40)]
        host.run([LabJob("h", holder), LabJob("b", both), *singles])
    assert seen.index("both") == 8


def test_a_circle_of_waiting_is_refused_with_both_experiments():
    """Promise: instead of a lab that stands still, one sentence with the way out."""

    async def use(lab, first, second):
        async with lab.any(first):
            await stay(lab, 5)
            async with lab.any(second):
                await stay(lab, 5)
        return now(lab)

    tables = {"stations": {"oven": {"count": 1}, "bench": {"count": 1}}}
    ends = []
    with toy_host(tables=tables) as host:
        futures = host.start(
            [
                LabJob("camp-0001", lambda lab: use(lab, "oven", "bench")),
                LabJob("camp-0002", lambda lab: use(lab, "bench", "oven")),
            ]
        )
        with pytest.raises(ProcedureError, match=r"nobody would ever go on; .*lab.all\(") as told:
            futures[1].result()
        host.settle()
        ends.append(futures[0].result())
    assert "camp-0001 waits for bench, which camp-0002 has" in str(told.value)
    assert ends == [10]


def test_a_task_that_works_is_no_part_of_a_circle():
    """Promise: what a task beside the waiting one holds is given back, so nothing is refused."""

    async def first(lab):
        async def hold():
            async with lab.any("bench"):
                await stay(lab, 20)

        async def want():
            await stay(lab, 5)
            async with lab.any("oven"):
                return now(lab)

        async with asyncio.TaskGroup() as group:
            group.create_task(hold())
            wanted = group.create_task(want())
        return wanted.result()

    async def second(lab):
        async with lab.any("oven"):
            await stay(lab, 10)
            async with lab.any("bench"):
                return now(lab)

    tables = {"stations": {"oven": {"count": 1}, "bench": {"count": 1}}}
    with toy_host(tables=tables) as host:
        assert host.run([LabJob("e1", first), LabJob("e2", second)]) == [20, 20]


def test_an_experiment_does_not_wait_for_itself():
    """Promise: the only oven inside of a block of the only oven is refused."""

    async def twice(lab):
        async with lab.any("bench"), lab.any("bench"):
            return 1

    with toy_host(tables=TABLES) as host, pytest.raises(ProcedureError, match="nobody would ever"):
        host.run([LabJob("e1", twice)])


def test_who_waits_is_told_for_whom_and_since_when():
    """Promise: in the words of the live view."""
    told = []

    async def use(lab, look):
        await stay(lab, 0 if look else 1)
        async with lab.any("bench"):
            await stay(lab, 600)
            if look:
                told.append(dict(host.activity()))
        return "over"

    with toy_host("a", tables=TABLES) as host:
        host.run(
            [
                LabJob("camp-0001", lambda lab: use(lab, True)),
                LabJob("camp-0002", lambda lab: use(lab, False)),
            ]
        )
        assert host.activity() == {"a": "idle"}
    words = "waits for bench, which experiment 1 has, since 10 min of lab time"
    assert told == [{"a": "idle", "experiment 2": words}]


def test_priorities_go_first_and_starve_nobody():
    """Promise: of those that wait the greater priority, until it has passed eight times."""
    order = []

    async def use(lab, name):
        async with lab.any("bench"):
            order.append(name)
            await stay(lab, 10)
        return "over"

    with toy_host(tables=TABLES) as host:
        lab = host._lab

        def job(name, priority):
            running = lab._running(LabJob(name, lambda lab: use(lab, name)))
            running.scope.priority = priority
            return running

        jobs = [job("first", 0), job("low", 0), *(job(f"high{n}", 2) for n in range(12))]
        lab._bridge.enter(lambda: lab._jobs.begin(jobs))
        for each in jobs:
            each.future.add_done_callback(lambda _: lab.settle_soon())
        for each in jobs:
            each.future.result()
    assert order == ["first", *(f"high{n}" for n in range(8)), "low", *order[10:]]


@pytest.mark.parametrize("names", [(), ("bench", "bench"), ("bench", "furnace")])
def test_names_that_lab_all_cannot_take_get_a_sentence(names):
    """Promise: what is wrong, and what there is."""

    async def wrong(lab):
        async with lab.all(*names):
            return 1

    sentence = r"each once|no stations or device furnace.*bench"
    with toy_host("a", tables=TABLES) as host, pytest.raises(ProcedureError, match=sentence):
        host.run([LabJob("e1", wrong)])


def test_who_waits_for_what_a_plan_keeps_is_told_for_whom():
    """Promise: where a free oven is kept, the one it is kept for is named."""
    told = []

    async def use(lab, at):
        await stay(lab, at)
        async with lab.any("bench"):
            await stay(lab, 60)
        return "over"

    async def look(lab):
        await stay(lab, 150)
        told.append(dict(host.waits()))
        return "over"

    uses = [PlannedUse("c-0001", 1, "bench", 200.0), PlannedUse("c-0002", 1, "bench", 260.0)]
    plan = UsePlan(uses, patience=600.0)
    with toy_host(tables=TABLES) as host:
        host.follow(plan)
        host.run(
            [
                LabJob("c-0001", lambda lab: use(lab, 300)),
                LabJob("c-0002", lambda lab: use(lab, 0)),
                LabJob("look", look),
            ]
        )
    assert told == [
        {"c-0002": "waits for bench, which is kept for experiment 1, since 2 min of lab time"}
    ]
