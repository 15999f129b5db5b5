"""Promise: however a lab ends, every device is made safe, in order and in time."""

import asyncio
import threading
import time

import pytest
from lab_toys import ToyWorld, left_unsafe, shared_toys, toy_host

from labloop.errors import (
    ExperimentCancelled,
    UncertainError,
)
from labloop.lab import LabJob
from labloop.lab.host import shutdown
from labloop.units import quantity
from labloop_simulators.kit import Fault

SHARED = shared_toys("a", "b", "c")


ORDER = {"lab": {"name": "toys", "safe_order": ["c", "a"]}, **SHARED}


async def long(lab, device):
    await getattr(lab, device).set_value(quantity(7, "mL/min"))
    await lab.wait(quantity(100, "h"))
    return 1


def jobs(count=4):
    names = ["a", "b", "c"]
    return [LabJob(f"e{n}", lambda lab, n=n: long(lab, names[n % 3])) for n in range(count)]


def all_set(world, count=4):
    """Wait until the experiments are under way."""
    until = time.monotonic() + 10
    while sum(event.event == "set" for event in list(world.truth.events)) < count:
        assert time.monotonic() < until
        time.sleep(0.002)


def slow_world(takes):
    world = ToyWorld("a", "b", "c", baud=None)
    for emulator in world.emulators.values():
        emulator.safe_takes = takes
    return world


def test_four_experiments_in_flight_in_simulated_time():
    """Promise: three seconds of safe state for each device, and all futures are answered."""
    world = slow_world(3.0)

    async def stopper(lab):
        await lab.wait(quantity(1, "h"))
        host.stop("a person pressed stop")
        await lab.wait(quantity(1, "h"))
        return 1

    with toy_host(world=world, tables=ORDER) as host:
        futures = host.start([*jobs(), LabJob("stop", stopper)])
        for future in futures:
            with pytest.raises(ExperimentCancelled, match="a person pressed stop"):
                future.result(5)
    assert host.report.safe == ["c", "a", "b"]
    assert host.report.failures == {}
    assert host.report.seconds == pytest.approx(9, abs=0.2)
    assert all(emulator.safe for emulator in world.emulators.values())
    safe = [event for event in world.truth.events if event.event == "safe"]
    assert [event.device for event in safe] == ["c", "a", "b"]
    assert safe[0].time == pytest.approx(3600, abs=1)


def test_four_experiments_in_flight_in_real_time():
    """Promise: the same in real time; a second stop changes nothing."""
    world = slow_world(0.3)
    with toy_host(world=world, tables=SHARED, speed="real") as host:
        futures = host.start(jobs())
        all_set(world)
        began = time.monotonic()
        threading.Timer(0.02, host.stop, ["Ctrl-C"]).start()
        threading.Timer(0.2, host.stop, ["Ctrl-C again"]).start()
        for future in futures:
            with pytest.raises(ExperimentCancelled, match=r"Ctrl-C$"):
                future.result(5)
    assert 0.9 <= time.monotonic() - began < 5
    assert host.report.safe == ["a", "b", "c"]
    assert all(emulator.safe for emulator in world.emulators.values())


def test_leaving_the_block_with_an_error_makes_safe():
    """Promise: no error of the caller leaves a heater on."""
    world = ToyWorld("a", "b", "c")

    def caller():
        with toy_host(world=world, tables=SHARED, speed="real") as host:
            caller.futures = host.start(jobs())
            all_set(world)
            raise RuntimeError("the caller's own mistake")

    with pytest.raises(RuntimeError, match="own mistake"):
        caller()
    for future in caller.futures:
        with pytest.raises(ExperimentCancelled, match="the caller's own mistake"):
            future.result(0)
    assert all(emulator.safe for emulator in world.emulators.values())


def test_a_procedure_that_will_not_leave_is_left():
    """Promise: cleaning up is bounded, the safe states come anyway."""
    world = ToyWorld("a", "b", "c")

    async def stubborn(lab):
        while True:
            try:
                await lab.wait(quantity(1, "h"))
            except asyncio.CancelledError:
                await lab.wait(quantity(1, "h"))

    told = "the procedure of e1 did not leave within 5 s and was given up"
    with left_unsafe(toy_host(world=world), told) as host:
        [future] = host.start([LabJob("e1", stubborn)])
        while host.now() < 3600:
            time.sleep(0.001)
    assert host.report.still_running == ["e1"]
    assert host.report.safe == ["a", "b", "c"]
    assert host.report.seconds < 20
    assert "did not leave within 5 s" in str(future.exception(0))


def test_cleaning_up_may_use_the_devices():
    """Promise: what a procedure undoes on its way out still happens, before the safe state."""
    world = ToyWorld("a", "b", "c")

    async def careful(lab):
        try:
            await lab.wait(quantity(100, "h"))
        finally:
            await lab.a.set_value(quantity(1, "mL/min"))

    async def stopper(lab):
        await lab.wait(quantity(1, "h"))
        host.stop("enough")
        await lab.wait(quantity(1, "h"))

    with toy_host(world=world) as host:
        first, _ = host.start([LabJob("e1", careful), LabJob("e2", stopper)])
        with pytest.raises(ExperimentCancelled, match="enough"):
            first.result(5)
    assert [event.event for event in world.truth.events if event.device == "a"] == ["set", "safe"]


def test_a_device_that_dies_while_it_is_used():
    """Promise: pulled cable: the experiment is uncertain, the rest is safe."""
    world = ToyWorld("a", "b", "c")
    with left_unsafe(toy_host(world=world), "a is NOT known") as host:
        world.emulators["a"].faults.add(Fault("unplug", at=3))
        [future] = host.start(jobs(1))
        assert "may or may not have happened" in str(future.exception(5))
    assert host.report.safe == ["b", "c"]


def test_a_stop_makes_safe_although_nobody_leaves_the_lab():
    """Promise: whoever should leave it may wait for a database; the devices do not."""
    world = ToyWorld("a", "b")
    with toy_host("a", "b", world=world, speed="real") as host:
        host.call(lambda lab: lab.a.set_value(quantity(1, "mL/min")))
        host.stop("enough")
        until = time.monotonic() + 10
        while not all(emulator.safe for emulator in world.emulators.values()):
            assert time.monotonic() < until
            time.sleep(0.01)
        with pytest.raises(ExperimentCancelled, match="enough"):
            host.call(lambda lab: lab.a.set_value(quantity(1, "mL/min")))
    assert host.report.safe == ["a", "b"]


def test_a_procedure_that_was_given_up_reaches_no_device_any_more():
    """Promise: what it still asks for is not sent; the safe state stays the last word."""
    world, tried = ToyWorld("a"), []

    async def stubborn(lab):
        while True:
            try:
                await lab.wait(quantity(1, "h"))
            except asyncio.CancelledError:
                try:
                    await lab.wait(quantity(6, "s"))
                    await lab.a.set_value(quantity(1, "mL/min"))
                except ExperimentCancelled as error:
                    tried.append(str(error))
                    raise

    async def slow_safe(lab):
        await lab.wait(quantity(1, "s"))
        host.stop("enough")
        await lab.wait(quantity(1, "h"))

    world.emulators["a"].safe_takes = 4.0
    with left_unsafe(toy_host("a", world=world), "procedure of e1 did not leave") as host:
        first, _ = host.start([LabJob("e1", stubborn), LabJob("e2", slow_safe)])
        assert isinstance(first.exception(10), UncertainError)
        host.leave("the test is over")
    assert "a.set_value was not sent: enough" in tried[0]
    assert [event.event for event in world.truth.events] == ["safe"]


def test_a_blocked_loop_is_given_up_in_time(monkeypatch):
    """Promise: code that blocks the event loop cannot delay the report beyond the total."""
    monkeypatch.setattr(shutdown, "TOTAL_SECONDS", 1.0)
    monkeypatch.setattr(shutdown, "CLOSE_SECONDS", 0.2)
    begun, release = threading.Event(), threading.Event()

    async def blocks(lab):
        begun.set()
        release.wait(20)
        return 1

    with left_unsafe(toy_host("a", speed="real"), "the lab's loop did not answer") as host:
        [future] = host.start([LabJob("e1", blocks)])
        assert begun.wait(10)
        began = time.monotonic()
        host.stop("enough")
    took = time.monotonic() - began
    release.set()
    future.exception(10)
    assert 0.9 < took < 2.0
    assert host.report.safe == []


def test_a_loop_that_was_blocked_makes_safe_in_what_is_left():
    """Promise: the time is counted from the stop, so that the last word comes within the total."""
    begun = threading.Event()

    async def blocks(lab):
        begun.set()
        time.sleep(1.0)  # noqa: ASYNC251 - this is what is to be survived
        return 1

    with toy_host("a", speed="real", on_alarm=lambda _: None) as host:
        host.start([LabJob("e1", blocks)])
        assert begun.wait(10)
        host.stop("enough")
    assert host.report.safe == ["a"]
