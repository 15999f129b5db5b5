"""Promise: a procedure that was cut off goes on only where nothing would happen twice."""

import pytest

from labloop.campaign.execution.said_of_steps import step_said, why_not_entered_again
from labloop.errors import StaleStateError
from labloop.records import (
    ActionState,
    ExperimentRecord,
    ExperimentState,
    Intent,
    JournalEntry,
    Mode,
    Origin,
    Outcome,
)

DONE, INTENT = ActionState.DONE, ActionState.INTENT


def experiment(mode=Mode.REAL):
    return ExperimentRecord(
        id="c-0001",
        campaign_id="c",
        number=1,
        mode=mode,
        state=ExperimentState.UNCERTAIN,
        origin=Origin.PROPOSED,
        point={"x": 1.0},
    )


def entry(number, name, state, *, device="", step="", idempotent=False):
    intent = Intent(
        id=f"c-0001-a{number:03d}",
        campaign_id="c",
        experiment_id="c-0001",
        device=device,
        name=name,
        kind="action" if device else "step",
        idempotent=idempotent,
        step=step,
    )
    outcome = None if state is INTENT else Outcome(intent_id=intent.id, state=state)
    return JournalEntry(sequence=number, intent=intent, outcome=outcome)


MADE = [entry(1, "make", DONE), entry(2, "dispense", DONE, device="pump", step="make")]


@pytest.mark.parametrize(
    ("more", "mode", "why"),
    [
        ([], Mode.REAL, ""),
        ([entry(3, "stir", DONE, device="plate", idempotent=True)], Mode.REAL, ""),
        ([entry(3, "stir", ActionState.NOT_SENT, device="plate")], Mode.REAL, ""),
        ([], Mode.SIMULATED, "its simulated lab ended"),
        ([entry(3, "heat", INTENT)], Mode.REAL, "not known whether step 'heat' was done"),
        (
            [entry(3, "fill", DONE, device="pump")],
            Mode.REAL,
            "pump.fill was done outside",
        ),
    ],
)
def test_what_stands_in_the_way_is_named(more, mode, why):
    """Finished steps do not; open ones and what happened outside of all do."""
    found = why_not_entered_again(experiment(mode), [*MADE, *more])
    assert (why in found) if why else found == ""


def test_an_open_step_is_settled_by_a_word():
    """Its own intent ends; one that has ended gets a newer one beside it."""
    entries = [*MADE, entry(3, "heat", INTENT)]
    given = {"step": "heat", "value": "80 degC", "reason": "the log says so"}
    said = step_said(experiment(), entries, given, "ann")
    assert (said.intent, said.outcome.intent_id) == (None, "c-0001-a003")
    assert said.outcome.result == {"value": 80.0, "unit": "degC"}
    said = step_said(
        experiment(), entries, {"step": "make", "repeat": True, "reason": "bad"}, "ann"
    )
    assert said.intent is not None
    assert (said.intent.id, said.outcome.state) == ("c-0001-a004", ActionState.FAILED)
    assert said.outcome.detail == "to be done again by ann: bad"


def test_a_word_without_a_reason_is_refused():
    """It changes what is known of an experiment, so it says why."""
    with pytest.raises(StaleStateError, match="say why"):
        step_said(experiment(), MADE, {"step": "make", "skip": True}, "ann")
