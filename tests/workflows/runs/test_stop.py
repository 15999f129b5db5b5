"""Every way to stop a campaign ends in the safe state, judged by what the devices did."""

import os
import signal
import time
from contextlib import suppress

import pytest

from labloop.records import ExperimentState, Mode
from labloop.store import open_database

DEVICES = ("d1", "d2", "d3", "d4")
SLOW = "slow_campaign"
posix = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")


def wait_for(what, seconds, process):
    """Wait until ``what()`` is true; fails with what the process said."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return
        if process.poll() is not None:
            pytest.fail(f"ended early: {process.communicate()[0]}")
        time.sleep(0.05)
    process.kill()
    pytest.fail(f"not within {seconds} s: {process.communicate()[0]}")


def four_at_work(place):
    """Return whether all four devices work."""
    return sum(line.endswith(" work") for line in place.happened()) >= 4


def assert_safe(place):
    """Each device ramped down and then was safe, after the last work began."""
    happened = place.happened()
    for device in DEVICES:
        mine = [line.split()[1] for line in happened if line.startswith(device)]
        assert mine[-2:] == ["ramp", "safe"], (device, happened)


def assert_recorded(place):
    """No experiment is lost or still running in the records."""
    with open_database(place.db, read_only=True) as repositories:
        record = repositories.campaigns.find("slow", Mode.SIMULATED)
        rows = repositories.experiments.all(record.id)
        assert record.state.value == "stopped"
        assert len(rows) == 4
        ended = {ExperimentState.ABANDONED, ExperimentState.UNCERTAIN}
        assert {row.state for row in rows} <= ended


def run_words(support, engine):
    """Return the words that run the slow campaign in real time."""
    return ("run", support / SLOW / "campaign.py", "--speed", "real", "--engine", engine)


@posix
@pytest.mark.parametrize("engine", ["plain", "prefect"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("twice", [False, True])
def test_a_signal_ends_in_the_safe_state(place, support, engine, number, twice):
    """Ctrl-C and SIGTERM, once and twice, with four experiments in flight."""
    process = place.start(*run_words(support, engine))
    wait_for(lambda: four_at_work(place), 90, process)
    process.send_signal(number)
    if twice:
        time.sleep(1.0)
        process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert_safe(place)
    assert_recorded(place)
    assert process.returncode != 0
    assert "labloop resume slow" in said
    assert "Traceback" not in said


def test_cancel_in_the_ui_ends_in_the_safe_state(place, support):
    """Cancel in Prefect's UI goes through the same door, and the run is shown as cancelled."""
    process = place.start(*run_words(support, "prefect"))
    wait_for(lambda: four_at_work(place), 90, process)
    running = {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
    runs = place.post("flow_runs/filter", running)
    state = {"state": {"type": "CANCELLING"}, "force": False}
    place.post(f"flow_runs/{runs[0]['id']}/set_state", state)
    said, _ = process.communicate(timeout=60)
    assert_safe(place)
    assert_recorded(place)
    assert "cancelled in the Prefect UI" in said
    assert place.get(f"flow_runs/{runs[0]['id']}")["state_type"] == "CANCELLED"


def test_a_stop_from_the_command_line_ends_in_the_safe_state(place, support):
    """A stop asked for by a command in another terminal goes through the same door."""
    process = place.start(*run_words(support, "plain"))
    wait_for(lambda: four_at_work(place), 90, process)
    code, said = place.run("command", "slow", "stop", "--reason", "lunch")
    assert (code, "accepted" in said) == (0, True), said
    told, _ = process.communicate(timeout=60)
    assert "lunch" in told
    assert_safe(place)
    assert_recorded(place)


@posix
def test_killed_and_resumed_nothing_is_lost_or_doubled(place, support):
    """After SIGKILL a resume settles what was open and finishes the budget."""
    process = place.start(*run_words(support, "plain"), SLOW_SECONDS=2)
    with suppress(StopIteration):
        wait_for(lambda: four_at_work(place), 90, process)
    process.kill()
    process.communicate()
    code, said = place.run("resume", "slow", "--engine", "plain", SLOW_SECONDS=2)
    assert code == 0, said
    assert said.count("the process ended in the middle of it") == 4
    with open_database(place.db, read_only=True) as repositories:
        record = repositories.campaigns.find("slow", Mode.SIMULATED)
        rows = repositories.experiments.all(record.id)
        states = [row.state for row in rows]
        assert states.count(ExperimentState.DONE) == 8
        assert states.count(ExperimentState.ABANDONED) == 4
        assert len(states) == 12
