"""Promise: in a real lab an experiment that was cut off goes on through its steps, none twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from campaign_toys import answer_of, ask

from benchmarks.durability import doser
from labloop.campaign import Campaign, answer_pending_commands
from labloop.records import ActionState, CampaignState, CommandKind, ExperimentState, Mode
from labloop.store import open_database
from labloop_simulators.kit import serve_world

ROOT = Path(__file__).resolve().parents[3]
STEPS = """async def dose(lab, x):
    async def put():
        await lab.doser.put(x.dose)
        return 1.0

    async def heat():
        await lab.doser.heat(x.dose)
        return 2.0

    return {"y": await lab.step("put", put) + await lab.step("heat", heat)}

"""
RUN = """
import os, sys
from pathlib import Path
from labloop.campaign import Campaign, load_campaign
from labloop.records import Mode
from labloop.store import open_database

folder = Path(sys.argv[1])
with open_database(folder / "x.db") as database:
    made = load_campaign(folder / "campaign.py")
    made = Campaign.create(database, made, mode=Mode.REAL, actor="me")
    (folder / "victim").write_text(f"{os.getpid()} 2")
    made.run()
"""

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="sends POSIX signals")


@pytest.fixture
def killed(tmp_path, monkeypatch):
    """Kill a campaign whose doser has heard the order of the second step, and not answered yet."""
    monkeypatch.setenv("LABLOOP_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setenv("LABLOOP_STATE", str(tmp_path / "state"))
    with serve_world({"doser": doser.DoserEmulator(tmp_path)}) as urls:
        path = doser.write_campaign(tmp_path, urls["doser"], seed=1, experiments=1)
        text = path.read_text()
        path.write_text(text[: text.index("async def")] + STEPS + text[text.index("campaign =") :])
        child = subprocess.run(
            [sys.executable, "-c", RUN, str(tmp_path)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert child.returncode == -signal.SIGKILL, child.stderr
        with open_database(tmp_path / "x.db") as repositories:
            yield repositories, tmp_path


def resumed(repositories):
    return Campaign.resume(repositories, "kills", mode=Mode.REAL, actor="me")


def say(repositories, record, **arguments):
    """Say something of experiment 1 while no process runs; return whether, and the answer."""
    given = {"experiment": "1", **arguments}
    number = ask(repositories, record.id, CommandKind.RESOLVE, **given)
    answer_pending_commands(repositories, record, "me")
    return answer_of(repositories, record.id, number)


def test_the_open_step_is_asked_about_and_nothing_is_done_twice(killed):
    """A person looks and says what the step gave; the rest follows, and the doser did all once."""
    repositories, place = killed
    record = resumed(repositories).record
    accepted, answer = say(repositories, record, outcome="continue")
    assert not accepted
    assert "it is not known whether step 'heat' was done" in answer
    assert "labloop step NAME 1 heat --value ..., --skip or --repeat" in answer
    told = {"step": "heat", "value": "2.0", "reason": "the plate is hot"}
    assert say(repositories, record, **told)[0]
    assert say(repositories, record, outcome="continue") == (True, "accepted")
    assert resumed(repositories).run().state is CampaignState.FINISHED
    (row,) = repositories.experiments.all(record.id)
    assert row.state is ExperimentState.DONE
    assert repositories.experiments.outputs(record.id)[row.id]["y"].value == 3.0
    assert sorted((verb, n) for (verb, _), n in doser.carried_out(place).items()) == [
        ("heat", 1),
        ("put", 1),
    ]
    sent = [
        (e.intent.name, e.state)
        for e in repositories.journal.entries(record.id)
        if e.intent.kind == "action" and e.intent.name in doser.VERBS
    ]
    assert sent == [("put", ActionState.DONE), ("heat", ActionState.INTENT)]


def test_a_step_is_done_again_only_where_a_person_says_so(killed):
    """With a reason: the second step once more, the first one not."""
    repositories, place = killed
    record = resumed(repositories).record
    assert say(repositories, record, step="heat", repeat=True, reason="the plate is cold")[0]
    assert say(repositories, record, outcome="continue")[0]
    assert resumed(repositories).run().state is CampaignState.FINISHED
    assert sorted((verb, n) for (verb, _), n in doser.carried_out(place).items()) == [
        ("heat", 2),
        ("put", 1),
    ]
