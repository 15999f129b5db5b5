"""Promise: what cannot be reached waits for a person instead of using up the budget."""

from labloop.campaign.decisions import Budget, FailurePolicy
from labloop.campaign.decisions.events import (
    Ask,
    Began,
    Ended,
    Propose,
    Resolved,
    ResumeAsked,
    RoundPlanned,
)
from labloop.campaign.decisions.following import judge
from labloop.campaign.decisions.machine import step
from labloop.campaign.decisions.state import MachineConfig, MachineState
from labloop.records import ExperimentJob, ExperimentResult, ExperimentState

DONE, FAILED = ExperimentState.DONE, ExperimentState.FAILED


def config(**changes):
    given = {"budget": Budget(experiments=4), "policy": FailurePolicy(), "parallel": 9} | changes
    return MachineConfig(**given)


def jobs(*numbers):
    return tuple(
        ExperimentJob(experiment_id=f"e{n}", number=n, round_index=0, point={"x": 1.0})
        for n in numbers
    )


def play(conf, *events, state=None):
    state, effects = state or MachineState(), ()
    for event in events:
        state, effects = step(conf, state, event)
    return state, effects


def test_what_a_dead_line_fails_counts_once_and_waits_for_a_person():
    """Four experiments that one pulled cable ends are one failure, and no fifth is begun."""
    policy = FailurePolicy(stop_after=2)
    conf = config(budget=Budget(experiments=9), batch=4, parallel=4, policy=policy)
    lost = "pump: the line serial://COM3 is dead"
    state, effects = play(
        conf,
        Began(),
        RoundPlanned(jobs(1, 2, 3, 4)),
        Ended("e1", FAILED, reason=lost, lost=lost),
    )
    assert isinstance(effects[0], Ask)
    result = ExperimentResult(experiment_id="e2", state=FAILED, lost=lost)
    abandoned = judge(conf, state, result)[0].state
    assert abandoned is ExperimentState.ABANDONED
    ends = (Ended(f"e{n}", abandoned, reason=lost, lost=lost) for n in range(2, 5))
    state, effects = play(conf, *ends, state=state)
    assert (state.finished, state.failures_in_a_row) == (1, 1)
    assert lost in state.paused
    assert effects == ()
    state, effects = play(conf, ResumeAsked(), state=state)
    assert effects == (Propose(1, 4),)
    state, effects = play(conf, RoundPlanned(jobs(5)), Ended("e5", FAILED, lost=lost), state=state)
    assert state.over


def test_an_experiment_that_a_dead_line_left_uncertain_asks_both():
    """A person says what became of it, and that the line is mended."""
    conf = config()
    ended = Ended("e1", ExperimentState.UNCERTAIN, reason="cut", lost="the line is dead")
    state, effects = play(conf, Began(), RoundPlanned(jobs(1)), ended)
    assert [type(effect) for effect in effects] == [Ask, Ask]
    state, effects = play(conf, Resolved("e1", DONE), state=state)
    assert effects == ()
    _, effects = play(conf, ResumeAsked(), state=state)
    assert effects == (Propose(1, 1),)
