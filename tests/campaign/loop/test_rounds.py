"""What the brain answers is committed once, and only while it is wanted."""

import queue
from dataclasses import replace

import pytest
from campaign_toys import PLANNER, create, write

from labloop.campaign import PlainHooks
from labloop.campaign.decisions.events import NothingToPropose, Propose, RoundPlanned
from labloop.campaign.decisions.state import MachineState
from labloop.campaign.loop.experiments import RunExperiments
from labloop.campaign.loop.rounds import RunRounds
from labloop.errors import BrainError, SpaceExhaustedError
from labloop.records import ExperimentState

ASKED = MachineState(proposing=True, next_number=3)


class Asked:
    """One round of two that was asked for, and what the brain answered."""

    def __init__(self, repositories, folder, options=""):
        campaign = create(repositories, write(folder, f"budget=Budget(experiments=4){options}"))
        spec, self.record = campaign.definition.spec, campaign.record
        self.experiments = RunExperiments(spec, self.record, repositories, "me")
        answers = queue.SimpleQueue()
        self.rounds = RunRounds(
            spec, self.record, repositories, PLANNER, PlainHooks(), "me", answers.put
        )
        self.rounds.ask(Propose(0, 2), ASKED, self.experiments)
        self.rounds.close()
        self.answer = answers.get(timeout=30)

    def commit(self, state=ASKED, **changed):
        """Commit the answer, perhaps another one."""
        answer = replace(self.answer, **changed)
        return self.rounds.commit(answer, state, self.experiments)


@pytest.mark.parametrize(
    ("options", "state"),
    [("", ExperimentState.PLANNED), (", approval=True", ExperimentState.AWAITING)],
)
def test_an_answer_is_committed_with_numbers_of_now(repositories, tmp_path, options, state):
    """A person may have added experiments meanwhile; with approval each waits for a yes."""
    asked = Asked(repositories, tmp_path, options)
    event = asked.commit()
    assert isinstance(event, RoundPlanned)
    assert [job.number for job in event.jobs] == [3, 4]
    rows = repositories.experiments.all(asked.record.id)
    assert [row.state for row in rows] == [state, state]
    keys = [job.experiment_id for job in event.jobs]
    assert asked.experiments.points(keys) == tuple(job.point for job in event.jobs)


def test_an_answer_that_is_not_wanted_any_more_is_dropped(repositories, tmp_path):
    """After a stop nothing of it is stored."""
    asked = Asked(repositories, tmp_path)
    assert asked.commit(MachineState()) is None
    assert repositories.rounds.all(asked.record.id) == []


@pytest.mark.parametrize(
    ("error", "failed"), [(SpaceExhaustedError("no point"), False), (BrainError("no fit"), True)]
)
def test_a_brain_that_has_no_point_ends_the_campaign(repositories, tmp_path, error, failed):
    """An exhausted space is a good end; a brain that fails is none."""
    event = Asked(repositories, tmp_path).commit(batch=error)
    assert event == NothingToPropose(str(error), failed=failed)
