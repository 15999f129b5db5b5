"""Promise: the machine does what the rules say of failures, and counts devices that fail."""

from labloop.campaign import Budget, FailurePolicy, FailureRule
from labloop.campaign.decisions.events import (
    Added,
    Again,
    Ask,
    Began,
    Ended,
    Finish,
    Propose,
    Restore,
    ResumeAsked,
    RoundPlanned,
    Start,
    Withdraw,
)
from labloop.campaign.decisions.following import judge
from labloop.campaign.decisions.machine import step
from labloop.campaign.decisions.state import MachineConfig, MachineState
from labloop.records import (
    CampaignState,
    ExperimentJob,
    ExperimentResult,
    ExperimentState,
    Failure,
)

DONE, FAILED, ABANDONED = (
    ExperimentState.DONE,
    ExperimentState.FAILED,
    ExperimentState.ABANDONED,
)
ALIKE = {"oven_1": frozenset({"oven_2"}), "oven_2": frozenset({"oven_1"})}


def job(number):
    return ExperimentJob(experiment_id=f"e{number}", number=number, round_index=0, point={"x": 1.0})


def config(*rules, alike=ALIKE, **policy):
    return MachineConfig(
        budget=Budget(experiments=9), policy=FailurePolicy(rules=rules, **policy), alike=alike
    )


def begun(conf):
    state, _ = step(conf, MachineState(), Began())
    state, effects = step(conf, state, RoundPlanned((job(1),)))
    assert effects == (Start((job(1),)),)
    return state


def fail(conf, state, number, *, device="", reason="it broke", state_after=FAILED):
    """Return what the machine makes of a failure, judged as the loop judges it."""
    result = ExperimentResult(
        experiment_id=f"e{number}",
        state=state_after,
        reason=reason,
        failure=Failure(device=device),
    )
    result, rule = judge(conf, state, result)
    ended = Ended(
        result.experiment_id,
        result.state,
        reason=reason,
        failure=result.failure,
        rule=rule,
    )
    return step(conf, state, ended), result.state


def test_an_experiment_is_done_again_and_uses_no_budget_for_the_first_time():
    """As often as the rule says, with growing waits; the next round waits for it."""
    conf = config(FailureRule("broke", then="retry", times=2, wait="10 s"), FailureRule())
    state = begun(conf)
    (state, effects), stored = fail(conf, state, 1)
    assert (stored, effects, state.finished) == (ABANDONED, (Again("e1", 10.0),), 0)
    state, effects = step(conf, state, Added(job(2), repeats="e1"))
    assert effects == (Start((job(2),)),)
    (state, effects), _ = fail(conf, state, 2)
    assert effects == (Again("e2", 20.0),)
    state, _ = step(conf, state, Added(job(3), repeats="e2"))
    (state, effects), stored = fail(conf, state, 3)
    assert stored is FAILED
    assert isinstance(effects[0], Ask)
    assert "it broke" in state.paused


def test_what_is_skipped_does_not_end_the_campaign():
    """However many there are in a row: a person has said that they do not matter."""
    conf = config(FailureRule("no signal", then="skip"), stop_after=2)
    state = begun(conf)
    for number in range(1, 5):
        (state, effects), stored = fail(conf, state, number, reason="no signal found")
        assert (stored, effects) == (FAILED, (Propose(number, 1),))
        state, _ = step(conf, state, RoundPlanned((job(number + 1),)))


def test_a_rule_ends_the_campaign():
    """With its name and the failure as the reason."""
    conf = config(FailureRule("leak", then="stop"))
    (state, effects), _ = fail(conf, begun(conf), 1, reason="a leak at the valve")
    assert isinstance(effects[-1], Finish)
    assert effects[-1].state is CampaignState.FAILED
    assert "FailureRule('leak', then='stop') met: a leak at the valve" in state.ending


def test_what_may_have_happened_is_asked_and_not_done_again():
    """A rule that says retry does not speak of it."""
    conf = config(FailureRule(then="retry"))
    (state, effects), stored = fail(conf, begun(conf), 1, state_after=ExperimentState.UNCERTAIN)
    assert stored is ExperimentState.UNCERTAIN
    assert [type(each) for each in effects] == [Ask]
    assert state.uncertain == {"e1"}
    assert state.unresolved


def test_uncertain_ones_may_be_skipped():
    """The campaign goes on; what became of it stays a question."""
    conf = config(FailureRule(then="skip"))
    (state, effects), _ = fail(conf, begun(conf), 1, state_after=ExperimentState.UNCERTAIN)
    assert state.uncertain == {"e1"}
    assert not state.unresolved
    assert effects[-1] == Propose(1, 1)


def test_another_station_takes_over_until_a_person_says_resume():
    """The one that failed is left out; where the other one fails, too, a person is asked."""
    conf = config(FailureRule(device="oven_1", then="other station"), FailureRule(then="ask"))
    (state, effects), stored = fail(conf, begun(conf), 1, device="oven_1")
    assert (stored, effects) == (ABANDONED, (Withdraw("oven_1"), Again("e1")))
    state, _ = step(conf, state, Added(job(2), repeats="e1"))
    (state, effects), stored = fail(conf, state, 2, device="oven_2")
    assert stored is FAILED
    assert state.paused
    state, effects = step(conf, state, ResumeAsked())
    assert effects[0] == Restore()
    assert state.withdrawn == frozenset()


def test_a_device_that_fails_in_a_row_is_left_out():
    """Where there is another station alike; a success with it begins the row anew."""
    conf = config(FailureRule(then="skip"), pause_device_after=2)
    (state, _), _ = fail(conf, begun(conf), 1, device="oven_1")
    state, _ = step(conf, state, RoundPlanned((job(2),)))
    used = frozenset({"oven_1"})
    state, _ = step(conf, state, Ended("e2", DONE, used=used))
    for number in (3, 4):
        state, _ = step(conf, state, RoundPlanned((job(number),)))
        (state, effects), _ = fail(conf, state, number, device="oven_1")
    assert effects[0] == Withdraw("oven_1")
    assert not state.paused


def test_a_device_that_has_no_other_pauses_what_needs_it():
    """The question names it with the last reason, and nothing is begun until the answer."""
    conf = config(FailureRule(then="skip"), pause_device_after=2)
    (state, _), _ = fail(conf, begun(conf), 1, device="pump")
    state, _ = step(conf, state, RoundPlanned((job(2),)))
    (state, effects), _ = fail(conf, state, 2, device="pump")
    assert "pump failed 2 times in a row, the last because: it broke" in state.paused
    assert [type(each) for each in effects] == [Ask]
    state, effects = step(conf, state, ResumeAsked())
    assert effects == (Propose(2, 1),)
    assert state.device_failures == {}


def test_nobody_there_ends_what_would_wait():
    """``stop`` and ``skip`` end at a question that nothing goes on without; ``hold`` waits."""
    for how, over in (("hold", False), ("skip", True), ("stop", True)):
        conf = config(FailureRule(then="ask"), unattended=how)
        (state, effects), _ = fail(conf, begun(conf), 1)
        assert state.over is over
        if over:
            assert effects[-1].state is CampaignState.STOPPED
            assert effects[-1].reason.startswith("nobody is there to answer: FailureRule")


def test_nobody_there_leaves_uncertain_ones_open_where_that_is_said():
    """``skip`` goes on with the others; ``stop`` ends."""
    for how, over in (("skip", False), ("stop", True)):
        conf = config(unattended=how)
        (state, effects), _ = fail(conf, begun(conf), 1, state_after=ExperimentState.UNCERTAIN)
        assert state.over is over
        assert (Propose(1, 1) in effects) is not over
