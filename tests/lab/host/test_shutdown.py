"""Promise: however a lab ends, every device is made safe, in order and in time."""

import asyncio
import gc
import os
import signal
import threading
import time
import warnings

import pytest
from lab_toys import ToyWorld, left_unsafe, shared_toys, toy_host

from labloop.errors import ExperimentCancelled, LabFileError
from labloop.lab import LabJob, signals_to
from labloop.lab.process.platform import END_SIGNALS
from labloop.records import ActionState
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


@pytest.mark.parametrize("how", ["silent", "unplugged", "slow"])
def test_one_failing_device_does_not_stop_the_rest(how):
    """Promise: it is named in the report with the reason, the others are safe."""
    world = ToyWorld("a", "b", "c")
    with left_unsafe(toy_host(world=world), "^NOT SAFE: a is NOT known .* Go and look") as host:
        broken = world.emulators["a"]
        if how == "silent":
            broken.silent = True
        elif how == "slow":
            broken.safe_takes = 60.0
        else:
            broken.unplug(0.0)
    assert host.report.safe == ["b", "c"]
    assert list(host.report.failures) == ["a"]
    told = {"silent": "was not ready within 5 s", "slow": "was not ready", "unplugged": "unplugged"}
    assert told[how] in host.report.failures["a"]
    assert "2 devices are safe; a is NOT known to be safe" in host.report.summary
    assert host.report.seconds < 20
    states = {e.intent.device: e.state for e in host.journal.entries("camp")}
    assert states == {"a": ActionState.FAILED, "b": ActionState.DONE, "c": ActionState.DONE}


def test_ten_hanging_devices_end_within_the_bound():
    """Promise: twenty seconds for everything, and each one was at least asked."""
    names = [f"d{n}" for n in range(10)]
    world = ToyWorld(*names)
    told = ".*".join(f"{name} is NOT known to be in its safe state" for name in names)
    with left_unsafe(toy_host(*names, world=world), told) as host:
        for emulator in world.emulators.values():
            emulator.safe_takes = 60.0
    assert host.report.seconds <= 20
    assert list(host.report.failures) == names
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


def test_one_experiment_can_be_ended_alone():
    """Promise: the others go on."""
    with toy_host() as host:

        async def other(lab):
            await lab.wait(quantity(1, "h"))
            host.cancel("e1", "aborted by a person")
            await lab.wait(quantity(1, "h"))
            return "done"

        first, second = host.start([LabJob("e1", lambda lab: long(lab, "a")), LabJob("e2", other)])
        with pytest.raises(ExperimentCancelled, match="e1 was ended: aborted by a person"):
            first.result(5)
        host.settle()
        assert second.result(5) == "done"


def test_making_safe_in_between():
    """Promise: a campaign that starts again makes safe first, and the lab goes on."""
    world = ToyWorld("a", "b", "c")
    with toy_host(world=world) as host:
        assert host.make_safe().safe == ["a", "b", "c"]
        host.call(lambda lab: lab.a.set_value(quantity(1, "mL/min")))
        assert not world.emulators["a"].safe


def test_a_safe_state_that_takes_too_long_is_refused_beforehand():
    """Promise: what cannot be done in time is said before anything moves."""
    tables = {"devices": {"a": {"driver": "lab_toys:Toy", "safe_seconds": 30}}}
    world = ToyWorld("a")
    told = r"\[devices\.a\]: its safe state takes 30 s and at most 20 s .* watchdog is armed may"
    with pytest.raises(LabFileError, match=told), toy_host("a", world=world, tables=tables):
        pass
    assert world.truth.frames == []


def test_a_device_that_dies_while_it_is_used():
    """Promise: pulled cable: the experiment is uncertain, the rest is safe."""
    world = ToyWorld("a", "b", "c")
    with left_unsafe(toy_host(world=world), "a is NOT known") as host:
        world.emulators["a"].faults.add(Fault("unplug", at=3))
        [future] = host.start(jobs(1))
        assert "may or may not have happened" in str(future.exception(5))
    assert host.report.safe == ["b", "c"]


@pytest.mark.parametrize("number", END_SIGNALS)
def test_signals_stop_and_are_given_back(number, capfd):
    """Promise: the first signal stops, the second is noted, the handlers come back."""
    before = [signal.getsignal(each) for each in END_SIGNALS]
    reasons = []
    with signals_to(reasons.append):
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        time.sleep(0.01)
    assert len(reasons) == 1
    assert reasons[0].startswith(f"{number.name} received")
    assert [signal.getsignal(each) for each in END_SIGNALS] == before
    told = capfd.readouterr().err
    assert f"{number.name}: stopping" in told
    assert f"{number.name} again: noted" in told


def test_a_signal_ends_a_lab_in_flight():
    """Promise: Ctrl-C with four experiments in flight leaves everything safe."""
    world = slow_world(0.05)
    with toy_host(world=world, tables=SHARED, speed="real") as host, signals_to(host.stop):
        futures = host.start(jobs())
        all_set(world)
        os.kill(os.getpid(), signal.SIGINT)
        for future in futures:
            with pytest.raises(ExperimentCancelled, match="SIGINT received"):
                future.result(5)
    assert all(emulator.safe for emulator in world.emulators.values())


def test_another_thread_takes_over_no_signal():
    """Promise: signals arrive in the main thread only; elsewhere nothing is changed."""
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with signals_to(seen.append):
            seen.append(signal.getsignal(signal.SIGINT) is before)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [True]


@pytest.mark.parametrize("speed", ["max", "real"])
def test_a_lab_that_cannot_be_fitted_out_leaves_no_loop_behind(speed):
    """Promise: a driver that refuses its options costs no socket and no selector."""
    devices = {"p": {"driver": "new_era", "options": {"colour": "red"}}}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(LabFileError, match="unknown options"):
            toy_host("p", tables={"devices": devices}, speed=speed).__enter__()
        gc.collect()
    assert [str(each.message) for each in told if each.category is ResourceWarning] == []
    assert not [t for t in threading.enumerate() if t.name == "labloop-toys"]
