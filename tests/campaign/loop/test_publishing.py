"""A snapshot tells where a run stands, and who watches hears of each new one."""

import pytest
from campaign_toys import create, write

from labloop.campaign import PlainHooks, Snapshot
from labloop.campaign.decisions.state import MachineState
from labloop.campaign.loop.experiments import RunExperiments
from labloop.campaign.loop.publishing import SnapshotPublisher


class NoRounds:
    """Rounds without a pace so far."""

    def seconds_left(self, now, state, used):
        """Return no estimate."""
        del now, state, used


class Noted:
    """A hold that says something of every question."""

    def with_note(self, question):
        """Return the question with the note."""
        return f"{question}; the lab is held" if question else ""


@pytest.fixture
def published(repositories, tmp_path):
    """Return a publisher of a campaign of four experiments, and what it published."""
    campaign = create(repositories, write(tmp_path, "budget=Budget(experiments=4)"))
    spec, seen = campaign.definition.spec, []
    publisher = SnapshotPublisher(
        Snapshot(name="tiny", mode="simulated"),
        config=spec.machine_config(),
        executor="in the lab",
        experiments=RunExperiments(spec, campaign.record, repositories, "me"),
        rounds=NoRounds(),
        hooks=PlainHooks(seen.append),
        lab_now=lambda: 0.0,
        hold=Noted(),
    )
    return publisher, seen


def test_the_state_is_told_in_words(published):
    """Round, budget and what goes on follow the machine's state."""
    publisher, seen = published
    publisher.publish(MachineState(finished=2, next_round=3, proposing=True))
    (snapshot,) = seen
    assert snapshot.doing == "the brain proposes round 3"
    assert (snapshot.budget, snapshot.fraction) == ("2/4 experiments", 0.5)
    assert snapshot.question == ""
    assert publisher.snapshot().doing == snapshot.doing


def test_what_is_known_beyond_the_state_counts(published):
    """While the lab is made safe that is shown; a question comes with what becomes of the lab."""
    publisher, seen = published
    publisher.publish(MachineState(), doing="making the lab safe: enough")
    publisher.publish(MachineState(paused="a person asked for it"))
    assert seen[0].doing == "making the lab safe: enough"
    assert seen[1].question == "a person asked for it; the lab is held"
