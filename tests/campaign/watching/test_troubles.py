"""What failed is known to the next process: devices, stations that are left out, retries."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from campaign_toys import ask, create
from pair_lab import CAMPAIGN, LAB

from labloop.campaign import Campaign
from labloop.campaign.decisions import MachineState
from labloop.campaign.watching.troubles import with_troubles
from labloop.records import (
    CampaignState,
    CommandKind,
    ExperimentRecord,
    ExperimentState,
    Origin,
    make_experiment_id,
)
from labloop.report import summary
from labloop.store import open_database

HERE = Path(__file__).resolve().parent.parent
PATHS = (HERE, HERE.parent / "support" / "tiny_lab")
RUN = """
import os, signal, sys
from labloop.campaign import Campaign, PlainHooks, load_campaign
from labloop.store import open_database

class Deadly(PlainHooks):
    def changed(self, snapshot):
        if eval(sys.argv[3], {"snapshot": snapshot}):
            os.kill(os.getpid(), signal.SIGKILL)

with open_database(sys.argv[1]) as repositories:
    Campaign.create(repositories, load_campaign(sys.argv[2]), actor="me").run(Deadly())
"""
POLICY = 'FailurePolicy(stop_after=9, pause_device_after=2, rules=[FailureRule(then="skip")])'

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="sends POSIX signals")


@pytest.fixture
def killed(tmp_path):
    """Return what runs a campaign until a condition holds, kills it, and opens its database."""
    opened = []

    def run(condition, policy=POLICY, faulty="{ box_1 = 99, box_2 = 99 }", least=-99):
        (tmp_path / "lab.toml").write_text(LAB.replace("FAULTY", faulty))
        text = CAMPAIGN.replace("POLICY", policy).replace("experiments=3", "experiments=9")
        (tmp_path / "campaign.py").write_text(text.replace("LEAST = -99", f"LEAST = {least}"))
        words = [str(tmp_path / "k.db"), str(tmp_path / "campaign.py"), condition]
        child = subprocess.run(
            [sys.executable, "-c", RUN, *words],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, PATHS))},
            capture_output=True,
            text=True,
            check=False,
        )
        assert child.returncode == -signal.SIGKILL, child.stderr
        database = open_database(tmp_path / "k.db")
        opened.append(database)
        return database, Campaign.resume(database, "pair", actor="me")

    yield run
    for database in opened:
        database.close()


def shows(repositories, campaign):
    """Return box and end of each value that was asked for."""
    entries = repositories.journal.entries(campaign.record.id)
    return [(e.intent.device, e.state) for e in entries if e.intent.name == "show"]


def until(what):
    """Wait until ``what()`` is true."""
    end = time.monotonic() + 120
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_station_that_was_left_out_stays_so_and_the_count_goes_on(killed):
    """box_1 failed twice, box_2 once, then the kill: box_2 is used once more, then it asks."""
    repositories, campaign = killed("snapshot.failed == 3")
    before = len(shows(repositories, campaign))
    run = threading.Thread(target=campaign.run)
    run.start()
    until(lambda: "box_2 failed 2 times in a row" in campaign.snapshot().question)
    assert [box for box, _ in shows(repositories, campaign)[before:]] == ["box_2"]
    told = summary(repositories, campaign.record.id).alarms
    assert any("box_2 failed 2 times in a row, the last because: box_2" in t for t in told)
    assert any(t.startswith("station-left-out, since experiment 3: box_1") for t in told)
    ask(repositories, campaign.record.id, CommandKind.RESUME)
    until(lambda: len(shows(repositories, campaign)) > before + 1)
    ask(repositories, campaign.record.id, CommandKind.STOP)
    run.join(120)
    told = [record.alarm.message for record in repositories.alarms.all(campaign.record.id)]
    assert "box_1 is given to experiments again" in told


def test_what_waited_for_a_person_waits_again(killed):
    """Killed at the question: nothing is begun, and the question is the same."""
    repositories, campaign = killed("'in a row' in snapshot.question")
    before = len(repositories.experiments.all(campaign.record.id))
    run = threading.Thread(target=campaign.run)
    run.start()
    until(lambda: "box_2 failed 2 times in a row" in campaign.snapshot().question)
    ask(repositories, campaign.record.id, CommandKind.STOP)
    run.join(120)
    assert len(repositories.experiments.all(campaign.record.id)) == before


def test_who_resumes_a_stopped_campaign_has_seen_what_failed(killed):
    """After a stop the count begins anew, and both boxes are used again."""
    repositories, campaign = killed("'in a row' in snapshot.question")
    run = threading.Thread(target=campaign.run)
    run.start()
    until(lambda: "in a row" in campaign.snapshot().question)
    ask(repositories, campaign.record.id, CommandKind.STOP)
    run.join(120)
    assert campaign.record.state is CampaignState.STOPPED
    before = len(shows(repositories, campaign))
    again = Campaign.resume(repositories, "pair", actor="me")
    run = threading.Thread(target=again.run)
    run.start()
    until(lambda: "in a row" in again.snapshot().question)
    ask(repositories, campaign.record.id, CommandKind.STOP)
    run.join(120)
    used = [box for box, _ in shows(repositories, campaign)[before:]]
    assert sorted(used) == ["box_1", "box_1", "box_2", "box_2"]


def test_retries_that_were_used_up_stay_used_up(repositories, tmp_path):
    """Two of an experiment's conditions failed before the kill: the third try knows of them.

    What a person withdrew, or was proposed anew, is another matter.
    """
    (tmp_path / "lab.toml").write_text(LAB.replace("FAULTY", "{}"))
    (tmp_path / "campaign.py").write_text(CAMPAIGN.replace("POLICY", POLICY))
    campaign = create(repositories, tmp_path / "campaign.py")

    def row(number, state, reason="", index=0):
        return ExperimentRecord(
            id=make_experiment_id(campaign.record.id, number),
            campaign_id=campaign.record.id,
            number=number,
            round_index=0,
            proposal_index=index,
            state=state,
            point={"level": 1.0},
            reason=reason,
            mode=campaign.record.mode,
            origin=Origin.PROPOSED,
            actor="me",
        )

    failed, planned = ExperimentState.ABANDONED, ExperimentState.PLANNED
    rows = [row(1, failed, "no signal"), row(2, failed, "no signal"), row(3, planned)]
    rows += [row(4, failed, "withdrawn: a bubble", 1), row(5, planned, "", 1)]
    state = with_troubles(MachineState(), repositories, campaign.record, rows)
    assert state.attempts == {rows[2].id: 2}
