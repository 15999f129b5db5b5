"""What failed, and who waits for whom, is told where a person looks: at the end, in the status."""

import json

from labloop.campaign import Campaign, load_campaign
from labloop.campaign.execution import planned_record
from labloop.campaign.loop import campaign_lease
from labloop.records import (
    CampaignState,
    ExperimentJob,
    ExperimentState,
    Origin,
    make_experiment_id,
)
from labloop.store import open_database

FAILING = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Minimize, Scalar, SearchSpace

def measure(x):
    if x.t.magnitude > {limit}:
        raise ValueError("the vial broke")
    return {{"y": x.t.magnitude, "waste": 1.0}}

campaign = CampaignSpec("vials", SearchSpace(Continuous("t", 20, 90, unit="degC")),
    outputs=[Scalar("y", unit="%"), Scalar("waste")], objective=[Maximize("y"), Minimize("waste")],
    procedure=measure, strategy="sobol", budget=Budget(experiments={n}))
"""


def test_a_campaign_whose_experiments_all_failed_says_why(shell):
    """A small budget is used up by failures: the end and the status name the reason."""
    shell.write("vials.py", FAILING.format(limit=0, n=2))
    said = shell.ok("run", "vials.py", "--engine", "plain")
    told = "2 of 2 experiments; experiment 2 because: "
    assert told in said
    assert "the vial broke" in said
    assert told in shell.ok("status", "vials")


def test_the_best_of_several_aims_is_told_with_their_names(shell):
    """One number of two would be read for the other."""
    shell.write("vials.py", FAILING.format(limit=100, n=3))
    said = shell.ok("run", "vials.py", "--engine", "plain")
    assert "failures" not in said
    best = next(line for line in shell.ok("status", "vials").splitlines() if line[:4] == "best")
    assert "y " in best
    assert " %, waste 1 at t=" in best


def test_a_reader_of_a_path_that_is_none_is_told_so(shell):
    """A folder is only asked for where a database would be made."""
    said = shell.refused("status", "vials", "--db", "nowhere/labloop.db")
    assert "there is no database at" in said


def test_who_waits_in_the_lab_is_told_while_a_process_is_at_it(tiny):
    """Status and show name what is waited for; of a process that died nothing is told."""
    with open_database(tiny.folder / "labloop.db") as rows:
        campaign = Campaign.create(rows, load_campaign(tiny.folder / "campaign.py"))
        job = ExperimentJob(
            experiment_id=make_experiment_id(campaign.record.id, 7),
            number=7,
            round_index=None,
            point={"level": 1.0, "ratio": 0.5},
        )
        row = planned_record(job, campaign.record, origin=Origin.MANUAL, actor="me")
        rows.experiments.add(row).result()
        key, running = job.experiment_id, ExperimentState.RUNNING
        rows.experiments.move(key, running, actor="me", lab_time=0.0).result()
        rows.experiments.note(key, "waits for oven, which experiment 3 has").result()
        rows.campaigns.set_state(
            campaign.record.id, CampaignState.RUNNING, "running", "me"
        ).result()
        with campaign_lease(rows, campaign.record, "me"):
            told = tiny.ok("status", "tiny")
            assert "waits     experiment 7: waits for oven, which experiment 3 has" in told
            told = json.loads(tiny.ok("status", "tiny", "--json"))
            assert told["waits"] == {"7": "waits for oven, which experiment 3 has"}
            assert "now       waits for oven, which" in tiny.ok("show", "tiny", "7")
        assert "waits for oven" not in tiny.ok("status", "tiny")
