"""What is uncertain, settled or lost is known to the brain the same live and after a restart."""

import threading
import time

import pytest
from campaign_toys import PLANNER, ask, create, write

from labloop.campaign import Campaign
from labloop.campaign.by_hand.asking import ask as ask_by_hand
from labloop.campaign.progress.dataset import build_dataset
from labloop.records import CampaignState, CommandKind, ExperimentState

LOST_ANSWER = '[["drop", 9]]'
"""The fourth experiment of a process sets the level and hears nothing."""
CONTINUE = 'budget=Budget(experiments=6), failures=FailurePolicy(on_uncertain="continue")'
PAUSE = "budget=Budget(experiments=5)"


def uncertain(repositories, campaign):
    """Return the experiments of which nobody knows what became."""
    return repositories.experiments.all(campaign.record.id, {ExperimentState.UNCERTAIN})


def person(campaign, what, act):
    """Let ``act(what())`` happen beside the campaign once there is something."""

    def run():
        end = time.monotonic() + 20
        while not (found := what()):
            if time.monotonic() > end:
                campaign.stop("the test waited in vain")
                return
            time.sleep(0.02)
        act(found)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def rounds_heard(repositories, campaign, outcome, *, live):
    """Run to the end with a doubt that is settled live, or after a restart.

    Returns what the planner heard in each round.
    """

    def resolve(found):
        arguments = {"experiment": str(found[0].number), "outcome": outcome}
        ask(repositories, campaign.record.id, CommandKind.RESOLVE, **arguments)

    def doubts():
        return uncertain(repositories, campaign)

    PLANNER.heard.clear()
    if live:
        person(campaign, doubts, resolve)
        record = campaign.run()
    else:
        person(campaign, doubts, lambda _: campaign.stop("evening"))
        assert campaign.run().state is CampaignState.STOPPED
        again = Campaign.resume(repositories, "tiny", actor="me")
        # Answered by the process that goes on, as soon as it reads its inbox.
        resolve(doubts())
        person(again, lambda: None, lambda _: None)
        record = again.run()
    assert record.state is CampaignState.FINISHED, record.reason
    return list(PLANNER.heard)


@pytest.mark.parametrize("outcome", ["done", "failed", "abandoned"])
def test_a_settled_doubt_teaches_the_same_live_and_resumed(repositories, tmp_path, outcome):
    """A failure is one, a success without outputs and a loss teach nothing, either way."""
    path = write(tmp_path, PAUSE, faults=LOST_ANSWER)
    heard = []
    for live in (True, False):
        made = create(repositories, path, new=True)
        heard.append(rounds_heard(repositories, made, outcome, live=live))
        data = build_dataset(repositories, made.record.id, made.definition.spec.space)
        failures = sum(o.failed for o in data.observations)
        assert failures == (outcome == "failed")
    levels = [[pending for _, pending in each] for each in heard]
    assert levels[0] == levels[1]
    assert len(heard[0]) == (6 if outcome == "abandoned" else 5)


def test_what_is_settled_live_is_what_the_records_say(repositories, tmp_path):
    """The last round of a live campaign knew exactly the dataset that its rows make."""
    made = create(repositories, write(tmp_path, PAUSE, faults=LOST_ANSWER))
    rounds_heard(repositories, made, "failed", live=True)
    data = build_dataset(repositories, made.record.id, made.definition.spec.space)
    known = type(data)(data.observations[:-1])
    assert PLANNER.heard[-1][0] == known.fingerprint()
    assert [o.failed for o in data.observations] == [False, False, False, True, False]


def stop_after(repositories, campaign, experiments):
    """Stop a campaign that waits for the answer about its doubt."""
    done = {ExperimentState.DONE}

    def enough():
        return len(repositories.experiments.all(campaign.record.id, done)) >= experiments

    person(campaign, enough, lambda _: campaign.stop("evening"))


def test_an_uncertain_point_is_pending(repositories, tmp_path):
    """As long as nobody has said what became of it, its point is not asked for again."""
    made = create(repositories, write(tmp_path, CONTINUE, faults=LOST_ANSWER))
    PLANNER.heard.clear()
    stop_after(repositories, made, 4)
    made.run()
    (row,) = uncertain(repositories, made)
    pending = [levels for _, levels in PLANNER.heard]
    assert pending[:4] == [()] * 4
    assert set(pending[4:]) == {(row.point["level"],)}

    PLANNER.heard.clear()
    again = Campaign.resume(repositories, "tiny", actor="me")
    again.extend(7)
    stop_after(repositories, again, 6)
    again.run()
    assert {levels for _, levels in PLANNER.heard} == {(row.point["level"],)}

    PLANNER.heard.clear()
    (asked,) = ask_by_hand(repositories, made.record, made.definition, 1, actor="me")
    assert row.point["level"] in PLANNER.heard[0][1]
    assert asked.round_index == len(repositories.rounds.all(made.record.id)) - 1
