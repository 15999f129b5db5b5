"""Several changes at once: all of them with their answer, or none."""

import pytest
from store_samples import CAMPAIGN, experiment

from labloop.errors import DefinitionError, LabloopError, StaleStateError
from labloop.records import (
    Command,
    CommandKind,
    ExperimentMove,
    ExperimentState,
    ExperimentYield,
    ScalarValue,
)


def move(number: int, to: ExperimentState) -> ExperimentMove:
    """Return a move of an experiment."""
    return ExperimentMove(experiment_id=experiment(number).id, to=to, actor="ben", reason="so")


def states(database) -> dict[int, ExperimentState]:
    """Return number -> state of every experiment."""
    return {row.number: row.state for row in database.experiments.all(CAMPAIGN)}


@pytest.fixture
def command(filled) -> int:
    """The number of a command that waits for its answer."""
    asked = Command(campaign_id=CAMPAIGN, kind=CommandKind.EDIT, actor="ben")
    return filled.commands.add(asked).result()


def test_made_in_their_order(filled):
    """A new experiment, its start and its outputs are one change to whoever looks."""
    value = ScalarValue(2.5, "mL")
    done = ExperimentYield(
        experiment_id=experiment(2).id, outputs={"y": value}, analysis="told", actor="ben"
    )
    changes = [experiment(2), move(2, ExperimentState.RUNNING), done]
    before = filled.statistics().operations
    filled.experiments.change(changes).result()
    assert filled.statistics().operations == before + 1
    assert states(filled) == {1: ExperimentState.PLANNED, 2: ExperimentState.DONE}
    assert filled.experiments.outputs(CAMPAIGN) == {experiment(2).id: {"y": value}}


@pytest.mark.parametrize(
    "wrong",
    [
        move(1, ExperimentState.DONE),
        experiment(1),
        ExperimentYield(experiment_id="no", outputs={}, analysis="", actor="ben"),
        ExperimentMove(experiment_id=experiment(1).id, to=ExperimentState.RUNNING, actor="\0"),
    ],
)
def test_one_that_is_refused_takes_all_with_it(filled, command, wrong):
    """Whatever is wrong with the second: the first is not there and nothing is answered."""
    for made in (
        filled.experiments.change([experiment(2), wrong]),
        filled.commands.answer(command, True, "accepted", [experiment(2), wrong]),
    ):
        with pytest.raises((LabloopError, DefinitionError)):
            made.result()
    assert states(filled) == {1: ExperimentState.PLANNED}
    assert [c.sequence for c in filled.commands.pending(CAMPAIGN)] == [command]


def test_an_answer_comes_with_what_follows_from_it(filled, command):
    """A command is answered and applied by one operation, and neither is done again."""
    changes = [experiment(2), move(1, ExperimentState.ABANDONED)]
    before = filled.statistics().operations
    assert filled.commands.answer(command, True, "accepted", changes).result() is True
    assert filled.statistics().operations == before + 1
    expected = {1: ExperimentState.ABANDONED, 2: ExperimentState.PLANNED}
    assert states(filled) == expected
    again = filled.commands.answer(command, True, "accepted", [experiment(3)])
    assert again.result() is False
    assert states(filled) == expected


def test_others_of_the_group_are_stored(filled):
    """A refusal among many writes concerns nobody else."""
    futures = [
        filled.experiments.add(experiment(2)),
        filled.experiments.change([experiment(3), move(1, ExperimentState.DONE)]),
        filled.experiments.add(experiment(4)),
    ]
    assert isinstance(futures[1].exception(), StaleStateError)
    assert sorted(states(filled)) == [1, 2, 4]
    assert futures[0].exception() is futures[2].exception() is None
