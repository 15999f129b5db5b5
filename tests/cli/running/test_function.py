"""A campaign of a plain function on the command line: the same verbs, without any lab."""

import os
import signal
import time

import pytest

from labloop.campaign import load_campaign
from labloop.cli.verbs.demo import EXAMPLES, examples
from labloop.records import CampaignState, ExperimentState
from labloop.store import open_database

FIRST = """
import time
from pathlib import Path
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

def measure(x):
    t = x.temperature.magnitude
    Path("begun").touch()
    while Path("wait").exists():
        time.sleep(0.05)
    return {"yield": 90 - (t - 62) ** 2 / 30}

campaign = CampaignSpec(
    "first", SearchSpace(Continuous("temperature", 20, 90, unit="degC")),
    outputs=[Scalar("yield", unit="%")], objective=Maximize("yield"), procedure=measure,
    strategy="random", budget=Budget(experiments=4),
)
"""


@pytest.fixture
def first(shell):
    """Return a shell in the folder of a campaign of a function."""
    shell.write("first.py", FIRST)
    return shell


def test_every_verb_takes_a_function(first):
    """Checked, tried, run, looked at, gone on with and reported: no lab file is asked for."""
    said = first.ok("check", "first.py")
    assert "measure is a plain function" in said
    said = first.ok("try", "first.py", "temperature=62")
    assert "yield 90 % in experiment 1" in said
    assert "try it without --dry" in first.refused("try", "first.py", "temperature=62", "--dry")
    said = first.ok("run", "first.py", "--engine", "plain")
    assert "campaign  first (function measure)" in said
    assert "ended     finished: the budget of 4 experiments" in said
    assert "done      4" in first.ok("status", "first")
    said = first.ok("resume", "first", "--engine", "plain", "--experiments", "6")
    assert "ended     finished: the budget of 6 experiments" in said
    assert "--real" not in first.refused("run", "first.py", "--engine", "plain")
    first.ok("report", "first", "--out", "r.html")
    assert "yield" in (first.folder / "r.html").read_text(encoding="utf-8")
    first.ok("export", "first", "--out", "tables")


def test_real_asks_for_no_yes_and_truth_has_no_world(first):
    """A function commands no instrument of a lab, so nobody types a name; it has no truth log."""
    first.ok("run", "first.py", "--engine", "plain", "--real")
    said = first.refused("run", "first.py", "--engine", "plain", "--new", "--truth", "t.txt")
    assert "this campaign has no lab" in said


def test_a_kill_is_told_and_asked(first):
    """After kill -9 in the middle of a function its experiment waits for a person's word."""
    (first.folder / "wait").touch()
    process = first.start("run", "first.py", "--engine", "plain")
    _until((first.folder / "begun").exists)
    process.kill()
    process.communicate()
    assert "go on     no process is at it" in first.ok("status", "first")
    (first.folder / "wait").unlink()
    process = first.start("resume", "first", "--engine", "plain")
    _until(lambda: _states(first) == [ExperimentState.UNCERTAIN])
    first.ok("command", "first", "resolve", "experiment=1", "outcome=abandoned")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert _states(first) == [ExperimentState.ABANDONED] + [ExperimentState.DONE] * 4


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_keeps_what_was_measured(first):
    """A function that returns after Ctrl-C is done; the stopped campaign says how to go on."""
    (first.folder / "wait").touch()
    process = first.start("run", "first.py", "--engine", "plain")
    _until((first.folder / "begun").exists)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    (first.folder / "wait").unlink()
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "SIGINT: stopping; what runs is ended" in said
    assert "go on     labloop resume first --db" in said
    assert _states(first) == [ExperimentState.DONE]
    with open_database(first.folder / "labloop.db", read_only=True) as store:
        assert store.campaigns.all()[0].state is CampaignState.STOPPED


def _states(first):
    with open_database(first.folder / "labloop.db", read_only=True) as store:
        (record,) = store.campaigns.all()
        return [row.state for row in store.experiments.all(record.id)]


def _until(met):
    """Wait for something at most a minute."""
    until = time.monotonic() + 60
    while not met():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_an_example_has_the_name_of_its_campaign():
    """What is typed after --example, the folder that is made and the campaign are one name."""
    for name, folder in EXAMPLES.items():
        assert load_campaign(examples() / folder / "campaign.py").spec.name == name
