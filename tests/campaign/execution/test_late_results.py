"""Promise: an experiment leaves the lab until a late result comes, and the campaign goes on."""

import threading
import time

import pytest
from campaign_toys import PLANNER, answer_of, ask, create, write

from labloop.campaign import Campaign, answer_pending_commands
from labloop.records import CampaignState, CommandKind, ExperimentState

DONE, AWAITING = ExperimentState.DONE, ExperimentState.AWAITING
LATER = """
    async def make():
        await lab.box.set_level(x.level)
        return await lab.box.show()

    shown = await lab.step("make", make)
    purity = await lab.later("xrd", "phase purity", unit="%"SIMULATED)
    return {"shown": shown + purity.magnitude / 100}
"""


def late(folder, *, simulated="", recipe=LATER, options="budget=Budget(experiments=3)"):
    """Write a campaign whose experiments wait for a late result."""
    path = write(folder, options)
    text = path.read_text()
    begin, end = text.index("    await lab.box"), text.index("SECONDS = 5")
    path.write_text(text[:begin] + recipe.replace("SIMULATED", simulated) + "\n" + text[end:])
    return path


def rows(repositories, campaign):
    return repositories.experiments.all(campaign.record.id)


def until(condition, what=""):
    """Wait for something that another thread does."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def actions(repositories, campaign):
    entries = repositories.journal.entries(campaign.record.id)
    return [e.intent.name for e in entries if e.intent.kind == "action" and e.intent.experiment_id]


def test_a_simulated_lab_tells_its_late_results_itself(repositories, tmp_path):
    """Each experiment is entered twice, and what is finished happens once."""
    campaign = create(repositories, late(tmp_path, simulated=", simulated=50"))
    assert campaign.run().state is CampaignState.FINISHED
    assert [row.state for row in rows(repositories, campaign)] == [DONE] * 3
    assert actions(repositories, campaign) == ["set_level", "show"] * 3
    outputs = repositories.experiments.outputs(campaign.record.id)
    first = outputs[rows(repositories, campaign)[0].id]["shown"].value
    assert first == pytest.approx(0.5)
    told = [c for c in repositories.commands.all(campaign.record.id) if c.actor == "simulation"]
    assert len(told) == 3


def test_the_campaign_goes_on_with_what_waits_pending(repositories, tmp_path):
    """The brain knows the points that wait; answers let them be done, in any order."""
    campaign = create(repositories, late(tmp_path))
    run = threading.Thread(target=campaign.run)
    run.start()
    until(lambda: sum(r.state is AWAITING for r in rows(repositories, campaign)) == 3)
    assert len(PLANNER.heard[-1][1]) == 2
    until(lambda: "experiment 1 waits for xrd: phase purity [%]" in campaign.snapshot().question)
    for number in (2, 3, 1):
        key = rows(repositories, campaign)[number - 1].id
        ask(
            repositories,
            campaign.record.id,
            CommandKind.RESOLVE,
            experiment=key,
            step="xrd",
            value="0.5" if number == 2 else "50 %",
        )
    run.join(20)
    assert campaign.record.state is CampaignState.FINISHED
    assert [row.state for row in rows(repositories, campaign)] == [DONE] * 3
    assert actions(repositories, campaign) == ["set_level", "show"] * 3


def test_an_answer_counts_while_no_process_runs(repositories, tmp_path):
    """The next start does what is left, and no step twice."""
    campaign = create(repositories, late(tmp_path, options="budget=Budget(experiments=1)"))
    run = threading.Thread(target=campaign.run)
    run.start()
    until(lambda: any(r.state is AWAITING for r in rows(repositories, campaign)))
    campaign.stop("enough")
    run.join(20)
    assert campaign.record.state is CampaignState.STOPPED
    given = {"experiment": "1", "step": "xrd", "value": "80"}
    told = ask(repositories, campaign.record.id, CommandKind.RESOLVE, **given)
    answer_pending_commands(repositories, campaign.record, "me")
    assert answer_of(repositories, campaign.record.id, told) == (True, "accepted")
    again = Campaign.resume(repositories, "tiny", actor="me")
    assert again.run().state is CampaignState.FINISHED
    assert [row.state for row in rows(repositories, campaign)] == [DONE]
    assert actions(repositories, campaign) == ["set_level", "show"]


REFUSED = [
    ({"step": "xrd", "value": "3 mL"}, "xrd is a number in %, such as 3.5, got '3 mL'"),
    ({"step": "xrd", "value": "pure"}, "xrd is a number in %, such as 3.5, got 'pure'"),
    ({"step": "nmr", "value": "3"}, "experiment 1 has no step 'nmr'; it has: make, xrd"),
    ({"step": "make", "value": "3"}, "say why, with --reason"),
    ({"step": "xrd"}, "say one of value, skip, repeat of step 'xrd', got none"),
    ({"step": "xrd", "value": "3", "skip": True}, "got value, skip"),
    ({"outcome": "continue"}, "nothing about experiment"),
]


def test_an_answer_that_does_not_fit_is_refused(repositories, tmp_path):
    """With one sentence; the experiment waits on, until a person withdraws it."""
    campaign = create(repositories, late(tmp_path, options="budget=Budget(experiments=1)"))
    run = threading.Thread(target=campaign.run)
    run.start()
    until(lambda: any(r.state is AWAITING for r in rows(repositories, campaign)))
    campaign.stop("enough")
    run.join(20)
    key = campaign.record.id
    for arguments, told in REFUSED:
        number = ask(repositories, key, CommandKind.RESOLVE, experiment="1", **arguments)
        answer_pending_commands(repositories, campaign.record, "me")
        accepted, answer = answer_of(repositories, key, number)
        assert not accepted
        assert told in answer
    assert rows(repositories, campaign)[0].state is AWAITING
    ask(repositories, key, CommandKind.REJECT, experiment="1")
    answer_pending_commands(repositories, campaign.record, "me")
    assert rows(repositories, campaign)[0].state is ExperimentState.ABANDONED
    number = ask(repositories, key, CommandKind.RESOLVE, experiment="1", step="xrd", value="3")
    answer_pending_commands(repositories, campaign.record, "me")
    assert (
        "neither waits for a late result nor is uncertain"
        in answer_of(repositories, key, number)[1]
    )


def test_a_step_is_corrected_left_out_or_repeated(repositories, tmp_path):
    """With a reason, beside what was there; it counts when the procedure is entered again."""
    campaign = create(repositories, late(tmp_path, options="budget=Budget(experiments=1)"))
    run = threading.Thread(target=campaign.run)
    run.start()
    until(lambda: any(r.state is AWAITING for r in rows(repositories, campaign)))
    key = campaign.record.id
    given = {"experiment": "1", "reason": "misread"}
    ask(repositories, key, CommandKind.RESOLVE, **given, step="make", value="4")
    ask(repositories, key, CommandKind.RESOLVE, **given, step="xrd", value="100")
    run.join(20)
    assert campaign.record.state is CampaignState.FINISHED
    shown = repositories.experiments.outputs(key)[rows(repositories, campaign)[0].id]["shown"]
    assert shown.value == pytest.approx(5)
    steps = [e for e in repositories.journal.entries(key) if e.intent.kind == "step"]
    assert [e.intent.name for e in steps] == ["make", "xrd", "make"]
    assert steps[2].outcome.detail == "told by me: misread"


def test_what_would_be_done_twice_is_refused(repositories, tmp_path):
    """An action outside of a step before lab.later fails the experiment, with what to do."""
    recipe = """
    await lab.box.set_level(x.level)
    await lab.later("xrd", "phase purity")
    return {"shown": 1.0}
"""
    options = "budget=Budget(experiments=1), failures=FailurePolicy(stop_after=1)"
    campaign = create(repositories, late(tmp_path, recipe=recipe, options=options))
    record = campaign.run()
    assert "box.set_level was done outside of a step, and would be done again" in record.reason
