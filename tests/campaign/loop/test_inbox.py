"""What a command changes is stored with its answer or not at all."""

import pytest
from campaign_toys import answer_of, ask, create, write

from labloop.campaign import Campaign
from labloop.campaign.decisions.state import MachineState
from labloop.campaign.execution.jobs import job_of
from labloop.campaign.loop.inbox import Inbox
from labloop.records import CommandKind, ExperimentState


@pytest.fixture
def campaign(repositories, tmp_path) -> Campaign:
    """Return a campaign that has not begun."""
    return create(repositories, write(tmp_path, "budget=Budget(experiments=4)"))


@pytest.mark.parametrize("kind", [CommandKind.ADD, CommandKind.EDIT])
def test_a_point_is_planned_with_its_answer_or_not_at_all(repositories, campaign, kind):
    """Where the command was answered meanwhile, nothing follows from it any more."""
    campaign_id = campaign.record.id
    add = ask(repositories, campaign_id, CommandKind.ADD, point={"level": 1.0})
    inbox = Inbox(repositories, campaign.record, campaign.definition.spec.space)
    inbox.read(MachineState, lambda event: None)
    assert answer_of(repositories, campaign_id, add) == (True, "accepted")
    before = repositories.experiments.all(campaign_id)
    waiting = MachineState(next_number=2, awaiting=(job_of(before[0]),))
    sequence = ask(repositories, campaign_id, kind, experiment="1", point={"level": 2.0})
    events = []

    def meanwhile():
        repositories.commands.answer(sequence, False, "too late").result()
        return waiting

    inbox.read(meanwhile, events.append)
    assert events == []
    assert repositories.experiments.all(campaign_id) == before


def test_a_refused_effect_is_a_refused_command(repositories, campaign):
    """What the records do not allow is answered with their sentence, and changes nothing."""
    campaign_id = campaign.record.id
    inbox = Inbox(repositories, campaign.record, campaign.definition.spec.space)
    ask(repositories, campaign_id, CommandKind.ADD, point={"level": 1.0})
    inbox.read(MachineState, lambda event: None)
    (row,) = repositories.experiments.all(campaign_id)
    repositories.experiments.move(row.id, ExperimentState.RUNNING, actor="me").result()
    repositories.experiments.move(row.id, ExperimentState.DONE, actor="me").result()
    edit = ask(repositories, campaign_id, CommandKind.EDIT, experiment="1", point={"level": 2.0})
    waiting = MachineState(next_number=2, awaiting=(job_of(row),))
    inbox.read(lambda: waiting, lambda event: pytest.fail("nothing may happen"))
    accepted, answer = answer_of(repositories, campaign_id, edit)
    assert accepted is False
    assert "is done" in answer
    assert len(repositories.experiments.all(campaign_id)) == 1
