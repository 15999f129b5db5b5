"""Promise: an armed watchdog is fed while the lab is open, and only then."""

import pytest
from lab_toys import ToyWorld, left_unsafe, toy_host

from labloop.units import quantity
from labloop_simulators.kit import Fault

TABLES = {"devices": {"a": {"driver": "lab_toys:WatchedToy", "options": {"watchdog": 60.0}}}}


def watched(world, **options):
    return toy_host("a", world=world, tables=TABLES, **options)


def heard(world):
    """Return when the toy was asked for its identity, which feeds its watchdog."""
    return [f.time for f in world.truth.frames if f.data == b"ID\n"]


def test_it_is_fed_every_third_of_its_time_while_the_lab_is_open():
    """Promise: a procedure may wait as long as it likes."""
    world = ToyWorld("a")
    with watched(world) as host:
        connected = len(heard(world))
        host.call(lambda lab: lab.wait(quantity(10, "min")))
    assert len(heard(world)) - connected == pytest.approx(30, abs=1)
    assert max(heard(world)) < 610


def test_nothing_is_fed_where_nothing_is_armed():
    """Promise: no byte more than needed."""
    world = ToyWorld("a")
    with toy_host("a", world=world) as host:
        before = len(world.truth.frames)
        host.call(lambda lab: lab.wait(quantity(10, "min")))
        assert len(world.truth.frames) == before


def test_one_that_takes_no_food_is_an_alarm_once():
    """Promise: a person is told once per silence, and feeding is tried again."""
    world, alarms = ToyWorld("a"), []
    with watched(world, on_alarm=alarms.append) as host:
        for silent in (True, False, True):
            world.emulators["a"].silent = silent
            host.call(lambda lab: lab.wait(quantity(5, "min")))
        world.emulators["a"].silent = False
    assert [alarm.kind for alarm in alarms] == ["watchdog-unfed"] * 2
    assert alarms[0].data == {"device": "a"}
    assert "a makes itself safe 60 s after it last heard from the lab" in alarms[0].message


def test_one_lost_feeding_is_no_alarm():
    """Promise: a garbled answer in the night wakes nobody up; the next one feeds."""
    world, alarms = ToyWorld("a"), []
    with watched(world, on_alarm=alarms.append) as host:
        world.emulators["a"].faults.add(Fault("drop", at=world.emulators["a"].count + 1))
        host.call(lambda lab: lab.wait(quantity(5, "min")))
    assert alarms == []


def test_a_watchdog_covers_a_safe_state_that_takes_longer_than_there_is():
    """Promise: it is begun, bounded, and the report says that the instrument ends it itself."""
    world = ToyWorld("a")
    world.emulators["a"].safe_takes = 25.0
    with left_unsafe(watched(world), "it makes itself safe 60 s after it last heard") as host:
        pass
    assert world.emulators["a"].safe
    assert host.report.seconds <= 20
    assert "it makes itself safe 60 s after it last heard" in host.report.failures["a"]


def test_a_covered_safe_state_that_is_quick_enough_is_simply_done():
    """Promise: a bound of 30 s is no failure."""
    world = ToyWorld("a")
    world.emulators["a"].safe_takes = 15.0
    with watched(world) as host:
        pass
    assert host.report.safe == ["a"]


@pytest.mark.parametrize("reached", [True, False])
def test_while_a_person_is_waited_for_only_what_is_safe_is_fed(reached):
    """Promise: what could not be made safe is left to its watchdog, until the campaign goes on."""
    world = ToyWorld("a")
    with watched(world) as host:
        world.emulators["a"].safe_takes = 0.0 if reached else 40.0
        report = host.hold()
        assert (report.safe == ["a"]) is reached
        world.emulators["a"].safe_takes = 0.0
        held = len(heard(world))
        host.call(lambda lab: lab.wait(quantity(10, "min")))
        fed = len(heard(world)) - held
        # One question may be on the wire when the hold begins.
        assert fed >= 29 if reached else fed <= 1
        host.go_on()
        host.call(lambda lab: lab.wait(quantity(10, "min")))
        assert len(heard(world)) - held - fed == pytest.approx(30, abs=1)


def test_what_the_lab_file_keeps_is_left_as_it_is_and_fed():
    """Promise: a bath that is to stay warm stays warm, the others are made safe."""
    world = ToyWorld("a", "b")
    for emulator in world.emulators.values():
        emulator.value = 7.0
    devices = {**TABLES["devices"], "b": {"driver": "lab_toys:Toy"}}
    tables = {"devices": devices, "hold": {"keep": ["a"]}}
    with toy_host("a", "b", world=world, tables=tables) as host:
        assert host.hold().safe == ["b"]
        assert (world.emulators["a"].value, world.emulators["b"].value) == (7.0, 0.0)
        held = len(heard(world))
        host.call(lambda lab: lab.wait(quantity(10, "min")))
        assert len(heard(world)) - held >= 29


@pytest.mark.parametrize("safe", [True, False])
def test_it_is_disarmed_at_the_end_of_a_lab_that_is_safe(safe):
    """Promise: what was not made safe keeps its watchdog, which is then the last thing it has."""
    world = ToyWorld("a")
    tables = {"devices": {"a": {**TABLES["devices"]["a"], "driver": "lab_toys:DisarmedToy"}}}
    host = toy_host("a", world=world, tables=tables)
    if not safe:
        world.emulators["a"].safe_takes = 40.0
    with host if safe else left_unsafe(host, "a is NOT known"):
        pass
    assert ("disarmed" in [e.event for e in world.truth.events]) is safe


def test_one_that_cannot_be_disarmed_is_an_alarm_and_safe():
    """Promise: it trips later, which is safe, and somebody knows why."""
    world, alarms = ToyWorld("a"), []
    tables = {"devices": {"a": {**TABLES["devices"]["a"], "driver": "lab_toys:DisarmedToy"}}}
    with toy_host("a", world=world, tables=tables, on_alarm=alarms.append) as host:
        world.emulators["a"].refuses_disarm = True
    assert host.report.safe == ["a"]
    assert [alarm.kind for alarm in alarms] == ["watchdog-armed"]
