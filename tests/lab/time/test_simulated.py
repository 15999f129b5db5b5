"""Promise: simulated time jumps, never waits, and the same seed gives the same bytes."""

import asyncio
import hashlib
import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab_toys import ToyWorld, shared_toys, toy_host

from labloop.lab import LabJob, MemoryJournal
from labloop.lab.time.clock import Clock
from labloop.lab.time.lab_loop import LabLoop
from labloop.lab.time.simulated import SimulatedLoop
from labloop.units import quantity


def minutes(number):
    return quantity(number, "min")


class WallTimeJournal(MemoryJournal):
    """Commits in another thread after a random wall time, in groups of a random size."""

    def __init__(self, wall):
        super().__init__()
        self._wall = wall
        self._pool = ThreadPoolExecutor(3)

    def _later(self, commit):
        future = Future()

        def work():
            time.sleep(self._wall.random() * 4e-4)
            future.set_result(commit.result())

        self._pool.submit(work)
        return future

    def intent(self, intent):
        return self._later(super().intent(intent))

    def outcome(self, outcome):
        return self._later(super().outcome(outcome))


async def busy(lab, number):
    """Use everything there is: places, turns, reads, tasks, waits."""
    names = ["a", "b", "c"]
    total = 0.0
    for turn in range(3):
        async with lab.any("vial") as vial, lab.exclusive(getattr(lab, names[(number + turn) % 3])):
            device = getattr(lab, names[(number + turn) % 3])
            await device.set_value(quantity(number + turn, "mL/min"))
            async with asyncio.TaskGroup() as group:
                group.create_task(lab.a.run(quantity(1 + number / 3, "s")))
                group.create_task(lab.b.set_again(quantity(turn, "mL/min")))
            reading = await device.value()
            total += reading.value + len(vial)
        await lab.wait(minutes(1 + (number % 2) / 7))
    return total


def one_run(wall):
    """Return a digest over bytes, journal and ends of one run."""
    journal = WallTimeJournal(wall)
    tables = {"stations": {"vial": {"count": 2}}, **shared_toys("a", "b", "c")}
    ends = []
    with toy_host(journal=journal, tables=tables, world=ToyWorld("a", "b", "c")) as host:
        queue: list[str] = []
        news = threading.Semaphore(0)

        def start(numbers):
            jobs = [LabJob(f"e{n}", lambda lab, n=n: busy(lab, n)) for n in numbers]
            for job, future in zip(jobs, host.start(jobs), strict=True):
                future.add_done_callback(
                    lambda f, name=job.experiment_id: (queue.append((name, f)), news.release())
                )

        start(range(4))
        following = iter(range(4, 7))
        for _ in range(7):
            news.acquire(timeout=20)
            name, future = queue.pop(0)
            ends.append(f"{name} {future.result():.6f} {host.now():.6f}")
            time.sleep(wall.random() * 1e-3)
            number = next(following, None)
            if number is not None:
                start([number])
            host.settle()
    told = [*host.truth.lines(), *ends]
    told += [f"{e.intent} {e.outcome}" for e in journal.entries("camp")]
    return hashlib.sha256("\n".join(told).encode()).hexdigest(), host.truth.digest()


def test_twenty_runs_one_digest():
    """Promise: how fast threads commit and the caller reacts changes nothing at all."""
    wall = random.Random()
    assert len({one_run(wall) for _ in range(20)}) == 1


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=6), min_size=1, max_size=4),
)
def test_jumping_gives_the_order_of_the_slow_path(plans):
    """Promise: a jump happens only where the timer would have been the very next thing."""

    def run(jumping):
        loop = SimulatedLoop()
        if not jumping:
            loop.jump = lambda _: False
        clock, seen = Clock(loop), []

        async def walk(name, steps):
            for step in steps:
                await clock.sleep(step / 4)
                seen.append((name, clock.now()))

        async def everybody():
            await asyncio.gather(*(walk(n, steps) for n, steps in enumerate(plans)))

        try:
            loop.run_until_complete(everybody())
        finally:
            loop.close()
        return seen

    assert run(jumping=True) == run(jumping=False)


@pytest.mark.parametrize("baud", [None, 9600])
def test_a_lab_without_jumps_sees_the_same_bytes(baud, monkeypatch):
    """Promise: the fast way through the transport is the slow way, bit for bit."""

    def run():
        async def poll(lab, device):
            for n in range(30):
                await device.value()
                await lab.wait(quantity(0.05 * (n % 3), "s"))

        async def everybody(lab):
            await asyncio.gather(poll(lab, lab.a), poll(lab, lab.b))
            for _ in range(20):
                await lab.a.value()
            return 1

        with toy_host("a", "b", world=ToyWorld("a", "b", baud=baud)) as host:
            host.call(everybody)
        return host.truth.lines()

    fast = run()
    monkeypatch.setattr(SimulatedLoop, "jump", LabLoop.jump)
    assert run() == fast


def test_a_day_passes_in_no_time():
    """Promise: an experiment of a day is over at once, and knows how long it took."""

    async def day(lab):
        await lab.wait(quantity(24, "h"))
        return lab.now()

    began = time.monotonic()
    with toy_host("a") as host:
        assert host.run([LabJob("e1", day)])[0].magnitude == pytest.approx(86400, abs=1)
    assert time.monotonic() - began < 5


def test_what_a_thread_completes_is_delivered_in_order_of_asking():
    """Promise: also where the threads finish in the opposite order, and nothing comes early."""
    loop = SimulatedLoop()
    clock, seen = Clock(loop), []
    futures = [Future() for _ in range(3)]

    async def one(number):
        await clock.external(futures[number])
        seen.append((number, clock.now()))

    async def everybody():
        await asyncio.gather(*(one(n) for n in range(3)))

    def complete():
        for number in (2, 0, 1):
            time.sleep(0.01)
            assert seen == []
            futures[number].set_result(None)

    thread = threading.Thread(target=complete)
    thread.start()
    try:
        loop.run_until_complete(everybody())
    finally:
        thread.join()
        loop.close()
    assert seen == [(0, 0.0), (1, 0.0), (2, 0.0)]
