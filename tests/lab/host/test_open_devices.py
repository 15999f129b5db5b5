"""Promise: a lab that cannot be opened leaves safe what did connect, and says what became of it."""

import os
import signal
import threading
from concurrent.futures import Future

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import (
    DeviceTimeoutError,
    NotConnectedError,
    NotSafeError,
    StoreError,
    WrongDeviceError,
)
from labloop.lab import MemoryJournal
from labloop.records import ActionState
from labloop_simulators.kit import Fault

ORDER = {"lab": {"name": "toys", "safe_order": ["c", "a"]}}


def hot_world():
    """Return a world whose toys were left running by whoever was there before."""
    world = ToyWorld("a", "b", "c")
    for emulator in world.emulators.values():
        emulator.value = 7.0
    return world


def opened(world, error, match, **options):
    """Try to open the lab, which must fail, and return its host."""
    host = toy_host(world=world, tables=ORDER, **options)
    with pytest.raises(error, match=match), host:
        raise AssertionError("the lab was opened")
    return host


def asked_safe(world):
    return [frame.device for frame in world.truth.frames if frame.data == b"SAFE\n"]


def test_what_did_connect_is_made_safe_in_the_labs_order():
    """Promise: one device is silent: the others are made safe, the error names all of them."""
    world = hot_world()
    world.emulators["b"].silent = True
    told = r"^b cannot be used: .* no complete answer .*; of the others: made safe: c, a$"
    host = opened(world, DeviceTimeoutError, told)
    assert asked_safe(world) == ["c", "a"]
    assert host.report.safe == ["c", "a"]
    safe = [e for e in host.journal.entries("camp") if e.intent.name == "safe_state"]
    assert [(e.intent.device, e.state) for e in safe] == [
        ("c", ActionState.DONE),
        ("a", ActionState.DONE),
    ]


def test_a_stranger_is_not_spoken_to():
    """Promise: another instrument on the port is told nothing, not even to be safe."""
    world = hot_world()
    world.emulators["a"].serial_number = "T-other"
    devices = {name: {"driver": "lab_toys:Toy"} for name in world.emulators}
    world.emulators["b"].faults.add(Fault("wrong_serial", at=1, data=b"stranger"))
    devices["b"]["serial_number"] = "T-b"
    host = toy_host(world=world, tables={"devices": devices})
    with pytest.raises(WrongDeviceError, match=r"'stranger' .*; of the others: made safe: a, c$"):
        host.__enter__()
    assert asked_safe(world) == ["a", "c"]


def test_one_that_cannot_be_made_safe_is_named_and_stops_no_other():
    """Promise: bounded, in order, and who reads the error knows where to look."""
    world = hot_world()
    world.emulators["b"].silent = True
    world.emulators["c"].safe_takes = 60.0
    told = r"c is NOT known to be in its safe state: .* 5 s\. Go and look .* made safe: a; c is"
    host = opened(world, NotSafeError, told)
    assert list(host.report.failures) == ["c"]
    assert host.report.seconds < 20
    assert world.emulators["a"].safe


def test_several_dead_devices_are_a_tree_with_the_others_below():
    """Promise: each dead device has its line, what became of the others the last one."""
    world = hot_world()
    world.emulators["b"].silent = True
    world.emulators["c"].plugged = False
    told = r"(?s)^2 of 3 devices cannot be used:\n  b .*\n  c .*\n  of the others: made safe: a$"
    opened(world, NotConnectedError, told)


def test_nothing_is_said_of_others_where_there_are_none():
    """Promise: no empty words."""
    world = ToyWorld("a")
    world.emulators["a"].silent = True
    host = toy_host("a", world=world)
    with pytest.raises(DeviceTimeoutError, match=r"^a cannot be used") as caught:
        host.__enter__()
    assert "of the others" not in str(caught.value)


def test_ctrl_c_while_connecting_leaves_safe_what_had_answered():
    """Promise: nobody need wait for a device that does not answer, and nothing stays hot."""
    world, asked = hot_world(), []

    def silent(frame, now):
        # Counted from here: a slow machine would otherwise give the device up before.
        if not asked:
            threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
        asked.append(frame)

    world.emulators["b"].handle = silent
    host = toy_host(world=world, tables=ORDER, speed="real")
    with pytest.raises(KeyboardInterrupt), host:
        pass
    assert asked_safe(world) == ["c", "a"]
    assert host.report.safe == ["c", "a"]


def test_a_journal_that_fails_at_the_connect_leaves_all_safe():
    """Promise: who answered could not be recorded, so nothing goes on, and all is made safe."""

    class Full(MemoryJournal):
        def identity(self, campaign_id, identity):
            future = Future()
            future.set_exception(StoreError("the disk is full"))
            return future

    world = hot_world()
    opened(world, StoreError, "the disk is full; of the others: made safe: c, a, b", journal=Full())
    assert all(emulator.safe for emulator in world.emulators.values())


def test_all_dead_devices_are_told_in_one_tree():
    """Promise: a person walks to the lab once."""
    world = ToyWorld("a", "b", "c")
    world.emulators["a"].unplug(0.0)
    world.emulators["c"].silent = True
    with pytest.raises(NotConnectedError) as told, toy_host(world=world):
        pass
    lines = str(told.value).splitlines()
    assert lines[0] == "2 of 3 devices cannot be used:"
    assert lines[1].startswith("  a (emulator://a): emulator://a is unplugged")
    assert lines[2].startswith("  c (emulator://c): emulator://c gave no complete answer")
