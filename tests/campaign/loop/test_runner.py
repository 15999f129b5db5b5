"""While the brain thinks, the loop listens: a stop is safe at once, a person is answered."""

import threading
import time

import pytest
from campaign_toys import PLANNER, answer_of, ask, create, slow_planner, write

from labloop.errors import CampaignError
from labloop.records import CampaignState, CommandKind, ExperimentState


@pytest.fixture
def campaign(repositories, tmp_path):
    """Return a campaign of four experiments that has not begun."""
    return create(repositories, write(tmp_path, "budget=Budget(experiments=4)"))


def beside(work):
    """Start ``work`` in a thread of its own, once the brain thinks."""

    def run():
        assert PLANNER.thinks.wait(30)
        work()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def until(what, seconds=10.0):
    """Wait until ``what()`` is true."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def brain_threads(before):
    """Return the threads of brains that were not there before."""
    return [t for t in set(threading.enumerate()) - before if t.name == "labloop-brain"]


def test_a_stop_waits_for_no_thought(repositories, campaign):
    """A stop now ends in the safe state within a second; the late answer is dropped."""
    asked = []
    # One that an earlier test left in the middle of its thoughts is not ours.
    before = set(threading.enumerate())

    def stop():
        asked.append(time.monotonic())
        campaign.stop("enough")

    with slow_planner():
        beside(stop)
        record = campaign.run()
        took = time.monotonic() - asked[0]
        assert not PLANNER.done.is_set()
    assert (record.state, record.reason) == (CampaignState.STOPPED, "enough")
    assert took < 2.0
    assert b"SET 0".hex() in campaign.truth.lines()[-2]
    until(lambda: not brain_threads(before))
    assert repositories.rounds.all(record.id) == []
    assert repositories.experiments.all(record.id) == []


def test_a_person_is_answered_while_the_brain_thinks(repositories, campaign):
    """Pause and an added point are accepted at once, and the round gets the numbers after it."""
    campaign_id = campaign.record.id
    answers = []

    def person():
        for kind, given in (
            (CommandKind.ADD, {"point": {"level": 7.5}}),
            (CommandKind.PAUSE, {}),
        ):
            sequence = ask(repositories, campaign_id, kind, **given)
            until(lambda s=sequence: answer_of(repositories, campaign_id, s)[0] is not None)
            answers.append(answer_of(repositories, campaign_id, sequence))
        assert not repositories.rounds.all(campaign_id)
        PLANNER.slow.clear()
        PLANNER.done.set()
        until(lambda: repositories.rounds.all(campaign_id))
        ask(repositories, campaign_id, CommandKind.RESUME)

    with slow_planner():
        thread = beside(person)
        record = campaign.run()
        thread.join(10)
    assert answers == [(True, "accepted")] * 2
    assert record.state is CampaignState.FINISHED
    rows = repositories.experiments.all(campaign_id)
    assert [row.round_index for row in rows] == [None, 0, 1, 2]
    assert {row.state for row in rows} == {ExperimentState.DONE}


def test_thinking_costs_no_lab_time(repositories, tmp_path):
    """Beside a running experiment too, lab time stands still while the brain thinks."""
    options = "batch=1, parallel=2, asynchronous=True, budget=Budget(experiments=6)"
    ended = {}
    for name, slow in (("quick", False), ("slow", True)):
        folder = tmp_path / name
        folder.mkdir()
        made = create(repositories, write(folder, options), new=True)
        PLANNER.thinks.clear()
        if slow:
            PLANNER.done.clear()
            PLANNER.slow.set()
            beside(lambda: (time.sleep(0.3), PLANNER.slow.clear(), PLANNER.done.set()))
        record = made.run()
        rows = repositories.experiments.all(record.id)
        ended[name] = [(row.number, row.lab_started, row.lab_finished) for row in rows]
    assert ended["quick"] == ended["slow"]


def test_what_the_brain_raises_ends_the_campaign_with_its_words(repositories, tmp_path):
    """An error of a planner is not lost in its thread."""
    path = write(tmp_path, "budget=Budget(experiments=4)")
    text = path.read_text().replace(
        "SECONDS = 5",
        "SECONDS = 5\nclass Broken:\n    name = 'broken'\n"
        "    def propose(self, *given):\n        raise ZeroDivisionError('no gradient')\n",
    )
    path.write_text(text.replace("strategy=PLANNER", "strategy=Broken()"))
    made = create(repositories, path)
    with pytest.raises(CampaignError, match="no gradient") as told:
        made.run()
    assert isinstance(told.value.__cause__, ZeroDivisionError)
    assert "no gradient" in made.record.reason
