"""The loop as a pure function: every policy as a table of events, no I/O anywhere."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.campaign.decisions import Budget, FailurePolicy
from labloop.campaign.decisions.events import (
    Abort,
    Added,
    Approved,
    Ask,
    Began,
    Ended,
    Event,
    Finish,
    NothingToPropose,
    PauseAsked,
    Propose,
    Redirected,
    Rejected,
    Resolved,
    ResumeAsked,
    RoundPlanned,
    RuleMet,
    Start,
    StopAsked,
)
from labloop.campaign.decisions.machine import step
from labloop.campaign.decisions.state import MachineConfig, MachineState
from labloop.records import CampaignState, ExperimentJob, ExperimentState

DONE, FAILED = ExperimentState.DONE, ExperimentState.FAILED


def config(**changes):
    base = MachineConfig(budget=Budget(experiments=4), policy=FailurePolicy(), parallel=9)
    return replace(base, **changes)


def job(number):
    return ExperimentJob(experiment_id=f"e{number}", number=number, round_index=0, point={"x": 1.0})


def jobs(*numbers):
    return tuple(job(n) for n in numbers)


def play(conf, *events: Event, state=None):
    """Return the state after ``events`` and the effects of the last one."""
    state, effects = state or MachineState(), ()
    for event in events:
        state, effects = step(conf, state, event)
    return state, effects


def test_begins_by_asking_for_a_round():
    """The first thing a new campaign does is ask the brain for one batch."""
    state, effects = play(config(batch=3), Began())
    assert effects == (Propose(0, 3),)
    assert state.proposing


def test_a_planned_round_enters_the_lab_by_one_call():
    """All experiments of a round are started together."""
    _, effects = play(config(batch=2), Began(), RoundPlanned(jobs(1, 2)))
    assert effects == (Start(jobs(1, 2)),)


def test_no_more_are_started_than_have_a_place():
    """A batch of four with two places: the others follow as places are free, none after a pause."""
    conf = config(batch=4, parallel=2)
    state, effects = play(conf, Began(), RoundPlanned(jobs(1, 2, 3, 4)))
    assert effects == (Start(jobs(1, 2)),)
    state, effects = play(conf, Ended("e1", DONE), state=state)
    assert effects == (Start(jobs(3)),)
    state, effects = play(conf, PauseAsked("lunch"), Ended("e2", DONE), state=state)
    assert effects == ()
    assert state.ready == jobs(4)
    _, effects = play(conf, ResumeAsked(), state=state)
    assert effects == (Start(jobs(4)),)


def test_the_next_round_waits_for_the_whole_batch():
    """In batches nothing is proposed before the last experiment has ended."""
    conf = config(batch=2)
    state, effects = play(conf, Began(), RoundPlanned(jobs(1, 2)), Ended("e1", DONE))
    assert effects == ()
    _, effects = play(conf, Ended("e2", DONE), state=state)
    assert effects == (Propose(1, 2),)


def test_asynchronous_replaces_each_experiment_at_once():
    """Asynchronously a finished experiment is replaced while the others go on."""
    conf = config(parallel=3, asynchronous=True, budget=Budget(experiments=9))
    state, effects = play(conf, Began())
    assert effects == (Propose(0, 3),)
    _, effects = play(conf, RoundPlanned(jobs(1, 2, 3)), Ended("e2", DONE), state=state)
    assert effects == (Propose(1, 1),)


def test_the_last_batch_is_cut_to_the_budget():
    """A budget of four is never exceeded by a batch of three."""
    conf = config(batch=3)
    _, effects = play(
        conf,
        Began(),
        RoundPlanned(jobs(1, 2, 3)),
        Ended("e1", DONE),
        Ended("e2", DONE),
        Ended("e3", DONE),
    )
    assert effects == (Propose(1, 1),)


@pytest.mark.parametrize(
    ("budget", "event", "words"),
    [
        (Budget(experiments=1), Ended("e1", DONE), "1 experiments"),
        (Budget(hours=2), Ended("e1", DONE, lab_hours=2.5), "2 hours of lab time"),
        (Budget(cost=10), Ended("e1", DONE, cost=12), "10 cost"),
    ],
)
def test_each_budget_ends_the_campaign_and_says_which(budget, event, words):
    """Experiments, hours and cost each end the campaign with a reason."""
    conf = config(budget=budget)
    state, effects = play(conf, Began(), RoundPlanned(jobs(1)), event)
    assert state.over
    assert effects == (Finish(CampaignState.FINISHED, f"the budget of {words} is used up"),)


def test_failures_in_a_row_end_the_campaign():
    """Three failures in a row fail the campaign; a success in between begins anew."""
    conf = config(budget=Budget(experiments=99), policy=FailurePolicy(stop_after=2))
    state, _ = play(
        conf,
        Began(),
        RoundPlanned(jobs(1)),
        Ended("e1", FAILED),
        RoundPlanned(jobs(2)),
        Ended("e2", DONE),
        RoundPlanned(jobs(3)),
        Ended("e3", FAILED),
    )
    assert not state.over
    state, effects = play(
        conf, RoundPlanned(jobs(4)), Ended("e4", FAILED, reason="pump stalled"), state=state
    )
    assert state.over
    assert isinstance(effects[0], Finish)
    assert effects[0].state is CampaignState.FAILED
    assert "pump stalled" in effects[0].reason


def test_stop_now_aborts_and_waits_for_the_lab():
    """A stop ends what runs, and the campaign is over only when the lab is still."""
    conf = config(batch=2)
    state, effects = play(conf, Began(), RoundPlanned(jobs(1, 2)), StopAsked("Ctrl-C"))
    assert effects == (Abort("Ctrl-C"),)
    state, effects = play(conf, Ended("e1", ExperimentState.ABANDONED), state=state)
    assert effects == ()
    _, effects = play(conf, Ended("e2", ExperimentState.ABANDONED), state=state)
    assert effects == (Finish(CampaignState.STOPPED, "Ctrl-C"),)


@pytest.mark.parametrize("now", [True, False])
def test_a_stop_does_not_wait_for_the_brain(now):
    """While the brain thinks and the lab is still, any stop ends the campaign at once."""
    state, effects = play(config(), Began(), StopAsked("Ctrl-C", now=now))
    assert effects == (Finish(CampaignState.STOPPED, "Ctrl-C"),)
    assert not state.proposing


def test_an_ending_campaign_waits_for_the_lab_and_not_for_the_brain():
    """What runs may end, and the round that was asked for beside it is not wanted any more."""
    conf = config(parallel=2, asynchronous=True)
    state, effects = play(conf, Began(), RoundPlanned(jobs(1, 2)), Ended("e1", DONE))
    assert effects == (Propose(1, 1),)
    state, effects = play(conf, StopAsked("enough", now=False), state=state)
    assert (effects, state.proposing) == ((), False)
    _, effects = play(conf, Ended("e2", DONE), state=state)
    assert effects == (Finish(CampaignState.STOPPED, "enough"),)


def test_the_first_reason_is_the_one_told():
    """A second signal changes nothing about why a campaign ended."""
    conf = config()
    state, _ = play(conf, Began(), RoundPlanned(jobs(1)), StopAsked("first"), StopAsked("second"))
    _, effects = play(conf, Ended("e1", ExperimentState.ABANDONED), state=state)
    assert effects == (Finish(CampaignState.STOPPED, "first"),)


def test_pause_begins_nothing_and_resume_goes_on():
    """While paused, running experiments end and no new one begins."""
    conf = config()
    state, effects = play(
        conf, Began(), RoundPlanned(jobs(1)), PauseAsked("lunch"), Ended("e1", DONE)
    )
    assert effects == ()
    assert state.paused == "lunch"
    _, effects = play(conf, ResumeAsked(), state=state)
    assert effects == (Propose(1, 1),)


def test_an_uncertain_experiment_pauses_and_asks():
    """What may or may not have happened is put to a person, and nothing goes on before."""
    conf = config()
    state, effects = play(
        conf, Began(), RoundPlanned(jobs(1)), Ended("e1", ExperimentState.UNCERTAIN, reason="cut")
    )
    assert isinstance(effects[0], Ask)
    assert effects[0].experiment_id == "e1"
    assert state.unresolved
    state, effects = play(conf, Resolved("e1", DONE), state=state)
    assert effects == (Propose(1, 1),)
    assert state.finished == 1


def test_settling_a_doubt_does_not_lift_a_persons_own_pause():
    """Two reasons to wait are two: each is lifted by its own answer."""
    conf = config()
    state, _ = play(
        conf,
        Began(),
        RoundPlanned(jobs(1)),
        PauseAsked("changing the solvent bottle"),
        Ended("e1", ExperimentState.UNCERTAIN, reason="cut"),
    )
    state, effects = play(conf, Resolved("e1", DONE), state=state)
    assert effects == ()
    _, effects = play(conf, ResumeAsked(), state=state)
    assert effects == (Propose(1, 1),)


def test_a_doubt_from_before_a_restart_is_asked_first():
    """After a crash nothing new begins before a person has said what became of it."""
    restored = MachineState(
        uncertain=frozenset({"e1"}), unresolved="what became of it?", next_round=1
    )
    state, effects = step(config(), restored, Began())
    assert [type(e) for e in effects] == [Ask]
    _, effects = step(config(), state, Resolved("e1", ExperimentState.ABANDONED))
    assert effects == (Propose(1, 1),)


def test_a_lab_that_stops_by_itself_ends_the_campaign():
    """Where experiments are abandoned unasked, no further one is begun."""
    conf = config(batch=2)
    state, _ = play(conf, Began(), RoundPlanned(jobs(1, 2)))
    abandoned = ExperimentState.ABANDONED
    _, effects = play(
        conf,
        Ended("e1", abandoned, reason="the journal cannot be written"),
        Ended("e2", abandoned),
        state=state,
    )
    assert isinstance(effects[0], Finish)
    assert effects[0].state is CampaignState.FAILED
    assert "the journal cannot be written" in effects[0].reason


def test_an_uncertain_experiment_holds_its_place_in_the_budget():
    """With the policy continue, a doubt is not replaced by an experiment beyond the budget."""
    conf = config(budget=Budget(experiments=1), policy=FailurePolicy(on_uncertain="continue"))
    state, effects = play(
        conf, Began(), RoundPlanned(jobs(1)), Ended("e1", ExperimentState.UNCERTAIN)
    )
    assert all(isinstance(e, Ask) for e in effects)
    _, effects = play(conf, Resolved("e1", ExperimentState.ABANDONED), state=state)
    assert effects == (Propose(1, 1),)


def test_approval_asks_before_anything_starts():
    """With approval each proposal waits; yes starts it, no gives its place back."""
    conf = config(batch=2, approval=True)
    state, effects = play(conf, Began(), RoundPlanned(jobs(1, 2)))
    assert [type(e) for e in effects] == [Ask, Ask]
    state, effects = play(conf, Approved(job(1)), state=state)
    assert effects == (Start(jobs(1)),)
    state, effects = play(conf, Rejected("e2"), state=state)
    assert effects == ()
    _, effects = play(conf, Ended("e1", DONE), state=state)
    assert effects == (Propose(1, 2),)


def test_an_edited_proposal_takes_the_place_of_the_first():
    """An edit starts the person's point and forgets the brain's."""
    conf = config(approval=True)
    state, _ = play(conf, Began(), RoundPlanned(jobs(1)))
    state, effects = play(conf, Approved(job(2), replaces="e1"), state=state)
    assert effects == (Start(jobs(2)),)
    assert state.awaiting == ()
    assert state.next_number == 3


def test_a_person_can_add_an_experiment():
    """An added experiment starts at once beside what runs."""
    conf = config()
    _, effects = play(conf, Began(), RoundPlanned(jobs(1)), Added(job(2)))
    assert effects == (Start(jobs(2)),)


@pytest.mark.parametrize(("failed", "end"), [(False, "finished"), (True, "failed")])
def test_a_brain_without_points_ends_the_campaign(failed, end):
    """An exhausted pool finishes a campaign; a brain that cannot propose fails it."""
    _, effects = play(config(), Began(), NothingToPropose("no point left", failed=failed))
    assert effects == (Finish(CampaignState(end), "no point left"),)


def test_a_stop_rule_lets_what_runs_end():
    """A met rule begins nothing new and aborts nothing."""
    conf = config(batch=2)
    state, effects = play(conf, Began(), RoundPlanned(jobs(1, 2)), RuleMet("good enough"))
    assert effects == ()
    _, effects = play(conf, Ended("e1", DONE), Ended("e2", DONE), state=state)
    assert effects == (Finish(CampaignState.FINISHED, "good enough"),)


def test_nothing_happens_after_the_end():
    """Late events change nothing."""
    conf = config(budget=Budget(experiments=1))
    state, _ = play(conf, Began(), RoundPlanned(jobs(1)), Ended("e1", DONE))
    assert step(conf, state, Ended("e1", DONE)) == (state, ())


def test_a_restart_starts_what_was_planned():
    """After a crash the planned experiments run before the brain is asked again."""
    restored = MachineState(ready=jobs(3), next_number=4, next_round=2, finished=2)
    _, effects = step(config(), restored, Began())
    assert effects == (Start(jobs(3)),)


ENDS = st.sampled_from([DONE, FAILED])


@settings(max_examples=200)
@given(
    batch=st.integers(1, 5),
    parallel=st.integers(1, 5),
    asynchronous=st.booleans(),
    budget=st.integers(1, 15),
    ends=st.lists(ENDS, min_size=60, max_size=60),
    pick=st.randoms(use_true_random=False),
)
def test_any_campaign_ends_and_never_exceeds_its_budget(
    batch, parallel, asynchronous, budget, ends, pick
):
    """Whatever fails, in whichever order: the budget holds, and no id starts twice."""
    conf = config(
        batch=batch,
        parallel=parallel,
        asynchronous=asynchronous,
        budget=Budget(experiments=budget),
        policy=FailurePolicy(stop_after=99),
    )
    state, effects = step(conf, MachineState(), Began())
    started: list[str] = []
    for end in ends:
        todo = list(effects)
        while todo:
            effect = todo.pop()
            if isinstance(effect, Propose):
                planned = tuple(job(state.next_number + i) for i in range(effect.n))
                state, more = step(conf, state, RoundPlanned(planned))
                todo += more
            elif isinstance(effect, Start):
                started += [j.experiment_id for j in effect.jobs]
        if state.over:
            break
        state, effects = step(conf, state, Ended(pick.choice(sorted(state.running)), end))
    assert len(started) == len(set(started))
    assert state.finished <= budget
    assert state.over


def test_what_is_asked_otherwise_is_asked_anew():
    """A round that is computed is asked for once more, and what is not wanted is forgotten."""
    conf = config(batch=3, parallel=1)
    state, effects = play(conf, Began(), Redirected())
    assert effects == (Propose(0, 3),)
    state, _ = play(conf, RoundPlanned(jobs(1, 2, 3)), state=state)
    state, effects = play(conf, Redirected(frozenset({"e2"})), state=state)
    assert [one.number for one in state.ready] == [3]
    assert effects == ()
    state, effects = play(conf, Redirected(frozenset({"e3"})), Ended("e1", DONE), state=state)
    assert effects == (Propose(1, 3),)
