"""Promise: what is not known to be safe is printed, an alarm, and an error with its cause."""

import pytest
from lab_toys import ToyWorld, left_unsafe, toy_host

from labloop.errors import NotSafeError
from labloop.lab import MemoryJournal
from labloop.records import ActionState, Intent, Mode, Outcome, Severity


def leave_with(error, world):
    with toy_host("a", world=world):
        world.emulators["a"].plugged = False
        raise error


def test_nobody_listens_and_it_is_said_all_the_same(capfd):
    """Promise: an alarm a device, a loud line each, an error when the lab is left."""
    world, alarms = ToyWorld("a", "b"), []
    told = "NOT SAFE: a is NOT known to be in its safe state: .* Go and look at it now"
    with left_unsafe(toy_host("a", "b", world=world, on_alarm=alarms.append), told):
        world.emulators["a"].plugged = False
    [alarm] = alarms
    assert (alarm.kind, alarm.severity) == ("not-safe", Severity.CRITICAL)
    assert alarm.data == {"device": "a"}
    assert capfd.readouterr().err.count("!! NOT SAFE: a is NOT known") == 1


def test_who_listens_may_fail():
    """Promise: somebody else's code ends no safe state."""

    def listener(alarm):
        raise RuntimeError("the printer is on fire")

    world = ToyWorld("a", "b")
    with left_unsafe(toy_host("a", "b", world=world, on_alarm=listener), "a is NOT known") as host:
        world.emulators["a"].plugged = False
    assert host.report.safe == ["b"]


def test_the_error_of_the_block_is_the_cause():
    """Promise: what is not safe comes first, and what else went wrong is there, too."""
    world = ToyWorld("a")
    with pytest.raises(NotSafeError, match=r"It ended with ValueError: mine\)") as caught:
        leave_with(ValueError("mine"), world)
    assert isinstance(caught.value.__cause__, ValueError)


def test_making_safe_in_between_tells_the_same(capfd):
    """Promise: the alarm comes at once; the lab goes on, and its end has its own words."""
    world, alarms = ToyWorld("a"), []
    with toy_host("a", world=world, on_alarm=alarms.append) as host:
        world.emulators["a"].silent = True
        with pytest.raises(NotSafeError):
            host.make_safe().check()
        assert host.hold().failures
        world.emulators["a"].silent = False
    assert {alarm.kind for alarm in alarms} == {"not-safe"}
    assert "!! NOT SAFE: a is NOT known" in capfd.readouterr().err


def test_a_device_that_an_earlier_process_left_running_and_nobody_reaches():
    """Promise: a real lab that cannot be opened says that it may still be on."""
    from labloop.lab.host.safety import left_running

    journal = MemoryJournal()
    for n, (device, name) in enumerate([("a", "heat"), ("b", "heat"), ("b", "safe_state")]):
        journal.intent(
            Intent(id=f"i{n}", campaign_id="c", experiment_id=None, device=device, name=name)
        ).result()
        journal.outcome(Outcome(intent_id=f"i{n}", state=ActionState.DONE)).result()
    entries = journal.entries("c")
    found = left_running(entries, (), Mode.REAL)
    assert found == {"a": "it cannot be reached, and the last known of it is heat"}
    assert left_running(entries, ("a",), Mode.REAL) == {}
    assert left_running(entries, (), Mode.SIMULATED) == {}
