"""Promise: a person's word counts whenever it was given, also where no process runs."""

import pytest
from campaign_toys import answer_of, ask, create, write

from labloop.campaign import answer_pending_commands, is_unattended
from labloop.campaign.execution.jobs import planned_record
from labloop.campaign.loop.leases import campaign_lease
from labloop.campaign.loop.reconciliation import reconcile
from labloop.errors import LeaseError
from labloop.records import (
    CampaignState,
    Command,
    CommandKind,
    ExperimentJob,
    ExperimentState,
    Mode,
    Origin,
    make_experiment_id,
)


@pytest.fixture
def left(repositories, tmp_path):
    """Return a real campaign whose process died: one experiment ran, one waits for approval."""
    made = create(repositories, write(tmp_path, "batch=1"), mode=Mode.REAL)
    record = repositories.campaigns.set_state(
        made.record.id, CampaignState.RUNNING, "running", "me"
    ).result()
    for number, state in ((1, ExperimentState.RUNNING), (2, ExperimentState.AWAITING)):
        key = make_experiment_id(record.id, number)
        point = {"level": float(number)}
        job = ExperimentJob(experiment_id=key, number=number, round_index=None, point=point)
        first = ExperimentState.AWAITING if number == 2 else ExperimentState.PLANNED
        row = planned_record(job, record, origin=Origin.MANUAL, actor="me", state=first)
        repositories.experiments.add(row).result()
        if state is ExperimentState.RUNNING:
            repositories.experiments.move(key, state, actor="me", lab_time=0.0).result()
    made.record = record
    return made


def states(repositories, campaign):
    return [row.state.value for row in repositories.experiments.all(campaign.record.id)]


def asked(repositories, campaign, kind, **arguments):
    """Put a command to the process that died, as the command line does."""
    command = Command(
        campaign_id=campaign.record.id,
        kind=kind,
        actor="anna",
        arguments=arguments,
        expected_version=campaign.record.version,
    )
    return repositories.commands.add(command).result()


def test_what_a_dead_process_left_can_be_resolved_without_opening_the_lab(repositories, left):
    """Nobody opens a line, and no code of the campaign runs: the word stands in the records."""
    assert is_unattended(repositories, left.record)
    number = ask(repositories, left.record.id, CommandKind.RESOLVE, experiment="1", outcome="done")
    answer_pending_commands(repositories, left.record, "me")
    assert answer_of(repositories, left.record.id, number) == (True, "accepted")
    assert states(repositories, left) == ["done", "awaiting"]
    moves = repositories.experiments.get(make_experiment_id(left.record.id, 1))
    assert moves.reason == "by me"


def test_where_a_process_runs_that_one_answers(repositories, left):
    """Two never answer at once."""
    ask(repositories, left.record.id, CommandKind.APPROVE, experiment="2")
    with campaign_lease(repositories, left.record, "somebody"):
        assert not is_unattended(repositories, left.record)
        with pytest.raises(LeaseError):
            answer_pending_commands(repositories, left.record, "me")
    assert states(repositories, left) == ["running", "awaiting"]


@pytest.mark.parametrize("version_grows", [True, False])
def test_what_was_written_before_a_start_is_applied_by_it(repositories, left, version_grows):
    """However often the campaign was begun since: it is said of an experiment, not of a process."""
    resolve = asked(repositories, left, CommandKind.RESOLVE, experiment="1", outcome="failed")
    approve = asked(repositories, left, CommandKind.APPROVE, experiment="2")
    add = asked(repositories, left, CommandKind.ADD, point={"level": 7})
    stop = asked(repositories, left, CommandKind.STOP)
    if version_grows:
        left.record = repositories.campaigns.set_state(
            left.record.id, CampaignState.RUNNING, "running", "me"
        ).result()
    found = reconcile(repositories, left.record, left.definition.spec, "me")
    answers = [answer_of(repositories, left.record.id, n) for n in (resolve, approve, add, stop)]
    assert [accepted for accepted, _ in answers] == [True, True, True, False]
    assert "the run that this was asked of is over" in answers[3][1]
    assert states(repositories, left) == ["failed", "planned", "planned"]
    assert found.state.uncertain == frozenset()
    assert found.state.unresolved == ""
    assert [job.number for job in found.state.ready] == [2, 3]
    assert found.state.finished == 1
    assert "resolve by anna: accepted" in found.notes


def test_a_word_that_is_said_twice_is_applied_once(repositories, left):
    """The second one is told what stands."""
    for _ in range(2):
        number = ask(repositories, left.record.id, CommandKind.REJECT, experiment="2")
        answer_pending_commands(repositories, left.record, "me")
    accepted, answer = answer_of(repositories, left.record.id, number)
    assert not accepted
    assert "does not wait for approval" in answer
    assert states(repositories, left) == ["uncertain", "abandoned"]
