"""Promise: devices are made safe in order, within bounds, and one failure stops no other."""

import time

import pytest
from lab_toys import ToyWorld, left_unsafe, toy_host

from labloop.lab import MemoryJournal
from labloop.records import ActionState
from labloop.units import quantity


def test_a_journal_that_hangs_is_waited_for_once():
    """Promise: a locked database costs one second and not one a device."""

    class Locked(MemoryJournal):
        def intent(self, intent):
            from concurrent.futures import Future

            return Future() if intent.name == "safe_state" else super().intent(intent)

    names = ["a", "b", "c", "d"]
    world = ToyWorld(*names)
    began = time.monotonic()
    with toy_host(*names, world=world, speed="real", journal=Locked()) as host:
        began = time.monotonic()
    assert host.report.safe == names
    assert time.monotonic() - began < 3


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
    assert "2 devices are safe; a is NOT known to be safe" in host.report.told
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


def test_making_safe_in_between():
    """Promise: a campaign that starts again makes safe first, and the lab goes on."""
    world = ToyWorld("a", "b", "c")
    with toy_host(world=world) as host:
        assert host.make_safe().safe == ["a", "b", "c"]
        host.call(lambda lab: lab.a.set_value(quantity(1, "mL/min")))
        assert not world.emulators["a"].safe
