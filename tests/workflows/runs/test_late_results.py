"""Promise: a late result is waited for in a Prefect flow as anywhere, also beyond its process."""

import os
import signal
import time

import pytest

from labloop.records import ExperimentState, Mode
from labloop.store import open_database

CAMPAIGN = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

async def use(lab, x):
    async def make():
        await lab.box.set_level(x.level)
        return await lab.box.show()

    shown = await lab.step("make", make)
    purity = await lab.later("xrd", "phase purity", unit="%")
    return {"shown": shown + purity.magnitude / 100}

campaign = CampaignSpec(
    "late", SearchSpace(Continuous("level", 0, 5, unit="mL")), outputs=[Scalar("shown")],
    objective=Maximize("shown"), procedure=use, lab="lab.toml", strategy="random",
    budget=Budget(experiments=2), parallel=2,
)
"""
LAB = """
[lab]
name = "tiny"
world = "tiny_lab:create"

[devices.box]
driver = "tiny_lab:Box"
url = "serial://COM1"
shared = true

[devices.box.limits]
"set_level.level" = { min = "0 mL", max = "8 mL" }
"""


def states(place):
    """Return the states of the experiments, by number; none before there is a database."""
    if not place.db.exists():
        return []
    with open_database(place.db, read_only=True) as repositories:
        record = repositories.campaigns.find("late", Mode.SIMULATED)
        return [row.state for row in repositories.experiments.all(record.id)] if record else []


def until(what, process):
    """Wait until ``what()`` is true."""
    end = time.monotonic() + 240
    while not what():
        assert time.monotonic() < end
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.2)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="sends POSIX signals")
def test_one_answer_while_the_flow_runs_and_one_after_its_process_was_killed(place, support):
    """Both experiments leave the lab; each is done with its answer, and no step twice."""
    (place.folder / "campaign.py").write_text(CAMPAIGN)
    (place.folder / "lab.toml").write_text(LAB)
    paths = {"PYTHONPATH": os.pathsep.join([str(support / "tiny_lab"), place.env["PYTHONPATH"]])}
    process = place.start("run", "campaign.py", **paths)
    try:
        until(lambda: states(place) == [ExperimentState.AWAITING] * 2, process)
        code, said = place.run("answer", "late", "1", "xrd", "80", "--wait", "60", **paths)
        assert (code, said) == (0, "resolve: accepted\n")
        until(lambda: ExperimentState.DONE in states(place), process)
    finally:
        process.kill()
        process.communicate(timeout=60)
    code, said = place.run("answer", "late", "2", "xrd", "60", **paths)
    assert code == 0, said
    assert "the campaign goes on with: labloop resume late" in said
    code, said = place.run("resume", "late", **paths)
    assert code == 0, said
    assert states(place) == [ExperimentState.DONE] * 2
    with open_database(place.db, read_only=True) as repositories:
        record = repositories.campaigns.find("late", Mode.SIMULATED)
        done = [e.intent for e in repositories.journal.entries(record.id) if e.intent.experiment_id]
    actions = sorted(i.name for i in done if i.kind == "action")
    assert actions == ["set_level", "set_level", "show", "show"]
    run = place.post("flow_runs/filter", {"sort": "EXPECTED_START_TIME_DESC"})[0]
    assert (run["name"], run["state_type"]) == ("late", "COMPLETED")
