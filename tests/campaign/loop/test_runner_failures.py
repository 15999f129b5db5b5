"""Promise: a failure is a result: sent again, done elsewhere, skipped or asked, as declared."""

import threading
import time

import pytest
from campaign_toys import ask, create
from pair_lab import CAMPAIGN, LAB

from labloop.records import ActionState, CampaignState, CommandKind, ExperimentState

RETRY = 'FailureRule(DeviceFaultError, then="retry", times=2, wait="30 s")'
ELSEWHERE = 'FailureRule(device="box_1", then="other station")'
DONE, FAILED, ABANDONED = (
    ExperimentState.DONE,
    ExperimentState.FAILED,
    ExperimentState.ABANDONED,
)


@pytest.fixture
def made(repositories, tmp_path):
    """Return what makes a campaign of rules and of the faults of each box."""

    def make(policy, faulty="{}", least=-99, budget=3):
        (tmp_path / "lab.toml").write_text(LAB.replace("FAULTY", faulty))
        text = CAMPAIGN.replace("POLICY", policy).replace("LEAST = -99", f"LEAST = {least}")
        text = text.replace("experiments=3", f"experiments={budget}")
        (tmp_path / "campaign.py").write_text(text)
        return create(repositories, tmp_path / "campaign.py")

    return make


def rows(repositories, campaign):
    return repositories.experiments.all(campaign.record.id)


def shows(repositories, campaign):
    """Return box and end of each value that was asked for."""
    entries = repositories.journal.entries(campaign.record.id)
    return [(e.intent.device, e.state) for e in entries if e.intent.name == "show"]


def test_an_action_that_was_refused_is_sent_again_after_a_wait(repositories, made):
    """Each time is an action of its own in the journal; the experiment does not fail."""
    campaign = made(f"FailurePolicy(rules=[{RETRY}])", "{ box_1 = 2 }")
    assert campaign.run().state is CampaignState.FINISHED
    found = rows(repositories, campaign)
    assert [row.state for row in found] == [DONE] * 3
    refused = ("box_1", ActionState.FAILED)
    assert shows(repositories, campaign)[:3] == [refused, refused, ("box_1", ActionState.DONE)]
    assert found[0].lab_finished - found[0].lab_started == pytest.approx(90, abs=5)


def test_another_station_takes_over(repositories, made):
    """The experiment is done again at the other box, and so is every later one."""
    policy = f"FailurePolicy(rules=[{RETRY}, {ELSEWHERE}])"
    campaign = made(policy, "{ box_1 = 99 }")
    assert campaign.run().state is CampaignState.FINISHED
    found = rows(repositories, campaign)
    assert [row.state for row in found] == [ABANDONED, DONE, DONE, DONE]
    assert found[1].point == found[0].point
    assert "box_1: asked GET, it reports a fault" in found[0].reason
    assert [box for box, _ in shows(repositories, campaign)] == ["box_1"] * 3 + ["box_2"] * 3


def test_a_text_of_the_message_is_skipped(repositories, made):
    """Failures of that kind do not end the campaign, however many come in a row."""
    rule = 'FailureRule("no signal", then="skip")'
    campaign = made(f"FailurePolicy(stop_after=2, rules=[{rule}])", least=50)
    record = campaign.run()
    assert record.state is CampaignState.FINISHED
    assert [row.state for row in rows(repositories, campaign)] == [FAILED] * 3


def test_a_device_that_fails_twice_in_a_row_pauses_what_needs_it(repositories, made):
    """Both boxes fail: one is left out, then the campaign waits; a person's resume goes on."""
    policy = 'FailurePolicy(stop_after=9, pause_device_after=2, rules=[FailureRule(then="skip")])'
    campaign = made(policy, "{ box_1 = 2, box_2 = 2 }", budget=9)
    run = threading.Thread(target=campaign.run)
    run.start()
    until = time.monotonic() + 20
    while "failed 2 times in a row" not in campaign.snapshot().question:
        assert time.monotonic() < until, campaign.snapshot()
        time.sleep(0.02)
    used = [box for box, _ in shows(repositories, campaign)]
    ask(repositories, campaign.record.id, CommandKind.STOP)
    run.join(20)
    assert sorted(used) == ["box_1", "box_1", "box_2", "box_2"]
    assert [row.state for row in rows(repositories, campaign)] == [FAILED] * 4
