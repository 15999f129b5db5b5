"""The one loop, as a pure function: ``step(config, state, event) -> (state, effects)``.

Nothing here does I/O, sleeps or asks for the time, so every policy is tested as a table of
events. The runner carries the effects out and feeds back what happened.
"""

from dataclasses import replace
from functools import singledispatch

from labloop.campaign.decisions.events import (
    Abort,
    Added,
    Approved,
    Ask,
    Began,
    Continued,
    Effect,
    Ended,
    Event,
    Finish,
    NothingToPropose,
    PauseAsked,
    Propose,
    Redirected,
    Rejected,
    Resolved,
    Restore,
    ResumeAsked,
    RoundPlanned,
    RuleMet,
    Start,
    StopAsked,
    Unsupplied,
    Withdraw,
)
from labloop.campaign.decisions.following import device_trouble, follow, question_about
from labloop.campaign.decisions.state import (
    Handled,
    MachineConfig,
    MachineState,
    end,
    question_of,
    waits_for_person,
)
from labloop.records import CampaignState, ExperimentJob, ExperimentState


def step(
    config: MachineConfig, state: MachineState, event: Event
) -> tuple[MachineState, tuple[Effect, ...]]:
    """Return the next state and what is to be done now."""
    if state.over:
        return state, ()
    state, first = _handle(event, config, state)
    state = _check_budget(config, state)
    state, then = _advance(config, state)
    if config.policy.unattended != "hold" and waits_for_person(state):
        why = f"nobody is there to answer: {question_of(state)}"
        state, then = _advance(config, end(state, why, CampaignState.STOPPED))
    return state, (*first, *then)


@singledispatch
def _handle(event: object, _config: MachineConfig, _state: MachineState) -> Handled:
    raise TypeError(f"{event!r} is no event of a campaign")


@_handle.register
def _began(_event: Began, _config: MachineConfig, state: MachineState) -> Handled:
    questions = tuple(
        Ask(f"what became of experiment {key}?", key) for key in sorted(state.uncertain)
    )
    asked: tuple[Effect, ...] = (*questions, *(_question(job) for job in state.awaiting))
    if state.paused:
        asked = (*asked, Ask(state.paused))
    asked = (*asked, *(Withdraw(station) for station in sorted(state.withdrawn)))
    if not state.resumed:
        return state, asked
    begun = frozenset(job.experiment_id for job in state.resumed)
    effect = Start(state.resumed)
    return replace(state, resumed=(), running=state.running | begun), (*asked, effect)


@_handle.register
def _round(event: RoundPlanned, config: MachineConfig, state: MachineState) -> Handled:
    state = replace(
        state,
        proposing=False,
        next_round=state.next_round + 1,
        next_number=state.next_number + len(event.jobs),
    )
    if config.approval:
        asked = tuple(_question(job) for job in event.jobs)
        return replace(state, awaiting=(*state.awaiting, *event.jobs)), asked
    return replace(state, ready=(*state.ready, *event.jobs)), ()


def _question(job: ExperimentJob) -> Ask:
    return Ask(f"experiment {job.number} waits for approval", job.experiment_id)


@_handle.register
def _nothing(event: NothingToPropose, _config: MachineConfig, state: MachineState) -> Handled:
    how = CampaignState.FAILED if event.failed else CampaignState.FINISHED
    return end(state, event.reason, how), ()


@_handle.register
def _added(event: Added, _config: MachineConfig, state: MachineState) -> Handled:
    number = max(state.next_number, event.job.number + 1)
    state = replace(state, next_number=number, again=state.again - {event.repeats})
    if event.repeats:
        attempt = state.attempts.get(event.repeats, 0) + 1
        attempts = {**state.attempts, event.job.experiment_id: attempt}
        attempts.pop(event.repeats, None)
        state = replace(state, attempts=attempts)
    return replace(state, ready=(*state.ready, event.job)), ()


@_handle.register
def _approved(event: Approved, _config: MachineConfig, state: MachineState) -> Handled:
    return replace(
        state,
        next_number=max(state.next_number, event.job.number + 1),
        awaiting=_without(state.awaiting, event.replaces or event.job.experiment_id),
        ready=(*state.ready, event.job),
    ), ()


@_handle.register
def _rejected(event: Rejected, _config: MachineConfig, state: MachineState) -> Handled:
    return replace(
        state,
        awaiting=_without(state.awaiting, event.experiment_id),
        ready=_without(state.ready, event.experiment_id),
        waiting={k: why for k, why in state.waiting.items() if k != event.experiment_id},
    ), ()


def _without(jobs: tuple[ExperimentJob, ...], experiment_id: str) -> tuple[ExperimentJob, ...]:
    return tuple(job for job in jobs if job.experiment_id != experiment_id)


@_handle.register
def _ended(event: Ended, config: MachineConfig, state: MachineState) -> Handled:
    if event.state is ExperimentState.AWAITING:
        return _left(state, event)
    counts = event.state in {ExperimentState.DONE, ExperimentState.FAILED}
    failed = event.state is ExperimentState.FAILED
    # A failure that a rule speaks of is dealt with: it does not end the campaign by its number.
    row = state.failures_in_a_row + 1 if failed and event.rule is None else 0
    state = replace(
        state,
        running=state.running - {event.experiment_id},
        finished=state.finished + counts,
        failures_in_a_row=row if counts else state.failures_in_a_row,
        lab_hours=max(state.lab_hours, event.lab_hours),
        cost=state.cost + event.cost,
    )
    if failed and row >= config.policy.stop_after:
        reason = f"{row} experiments in a row failed, the last because: {event.reason}"
        return end(state, reason, CampaignState.FAILED), ()
    state, first = device_trouble(config, state, event)
    state, then = _after_end(config, state, event)
    return state, (*first, *then)


def _left(state: MachineState, event: Ended) -> Handled:
    """Note that an experiment left the lab until a late result comes."""
    key = event.experiment_id
    state = replace(
        state,
        running=state.running - {key},
        waiting={**state.waiting, key: event.reason},
        lab_hours=max(state.lab_hours, event.lab_hours),
    )
    return state, (Ask(f"experiment {key} {event.reason}", key),)


@_handle.register
def _continued(event: Continued, _config: MachineConfig, state: MachineState) -> Handled:
    key = event.job.experiment_id
    uncertain = state.uncertain - {key}
    return replace(
        state,
        waiting={k: why for k, why in state.waiting.items() if k != key},
        uncertain=uncertain,
        unresolved=state.unresolved if uncertain else "",
        resumed=(*state.resumed, event.job),
    ), ()


def _after_end(config: MachineConfig, state: MachineState, event: Ended) -> Handled:
    if event.rule is not None:
        return follow(config, state, event, event.rule)
    state, asked = _unreachable(state, event)
    if event.state is ExperimentState.UNCERTAIN:
        state, more = _uncertain(config, state, event)
        return state, (*asked, *more)
    if event.state is ExperimentState.ABANDONED and not state.ending and not event.lost:
        # Nobody asked for it: the lab stopped by itself and would abandon every further one.
        return end(state, f"the lab stopped: {event.reason}", CampaignState.FAILED), ()
    return state, asked


def _unreachable(state: MachineState, event: Ended) -> Handled:
    """Wait for a person where a device cannot be reached: every further experiment would fail."""
    if not event.lost or state.unreachable or state.ending:
        return state, ()
    question = (
        f"a device cannot be reached: {event.lost}. Mend it, then let the campaign go on "
        "(labloop command NAME resume)"
    )
    return replace(state, unreachable=event.lost, paused=state.paused or question), (Ask(question),)


def _uncertain(config: MachineConfig, state: MachineState, event: Ended) -> Handled:
    state = replace(state, uncertain=state.uncertain | {event.experiment_id})
    question = question_about(event)
    goes_on = config.policy.on_uncertain == "continue" or config.policy.unattended == "skip"
    if not goes_on:
        state = replace(state, unresolved=state.unresolved or question)
    return state, (Ask(question, event.experiment_id),)


@_handle.register
def _unsupplied(event: Unsupplied, _config: MachineConfig, state: MachineState) -> Handled:
    """End: they stay planned, so that a resume carries them out once there is enough."""
    not_begun = {job.experiment_id for job in event.jobs}
    state = replace(state, running=state.running - not_begun)
    return end(state, event.reason, CampaignState.FAILED), ()


@_handle.register
def _resolved(event: Resolved, _config: MachineConfig, state: MachineState) -> Handled:
    uncertain = state.uncertain - {event.experiment_id}
    counts = event.state in {ExperimentState.DONE, ExperimentState.FAILED}
    unresolved = state.unresolved if uncertain else ""
    return replace(
        state, uncertain=uncertain, unresolved=unresolved, finished=state.finished + counts
    ), ()


@_handle.register
def _pause(event: PauseAsked, _config: MachineConfig, state: MachineState) -> Handled:
    return replace(state, paused=event.reason or "a person asked for it"), ()


@_handle.register
def _resume(_event: ResumeAsked, _config: MachineConfig, state: MachineState) -> Handled:
    back: tuple[Effect, ...] = (Restore(),) if state.withdrawn else ()
    state = replace(state, device_failures={}, withdrawn=frozenset())
    return replace(state, paused="", unresolved="", unreachable=""), back


@_handle.register
def _stop(event: StopAsked, _config: MachineConfig, state: MachineState) -> Handled:
    state = end(state, event.reason, CampaignState.STOPPED)
    return state, (Abort(event.reason),) if event.now and state.running else ()


@_handle.register
def _redirected(event: Redirected, _config: MachineConfig, state: MachineState) -> Handled:
    ready, awaiting = (
        tuple(job for job in jobs if job.experiment_id not in event.dropped)
        for jobs in (state.ready, state.awaiting)
    )
    return replace(state, proposing=False, ready=ready, awaiting=awaiting), ()


@_handle.register
def _rule(event: RuleMet, _config: MachineConfig, state: MachineState) -> Handled:
    return end(state, event.reason, CampaignState.FINISHED), ()


def _check_budget(config: MachineConfig, state: MachineState) -> MachineState:
    budget = config.budget
    if budget is None:
        return state
    used = (
        (state.finished, budget.experiments, "experiments"),
        (state.lab_hours, budget.hours, "hours of lab time"),
        (state.cost, budget.cost, "cost"),
    )
    for value, limit, what in used:
        if limit is not None and value >= limit:
            return end(state, f"the budget of {limit:g} {what} is used up", CampaignState.FINISHED)
    return state


def _advance(config: MachineConfig, state: MachineState) -> Handled:
    if state.ending:
        if state.running:
            return state, ()
        return replace(state, over=True), (Finish(state.end_state, state.ending),)
    if state.paused or state.unresolved:
        return state, ()
    if state.resumed or state.ready:
        return _start(config, state)
    n = _how_many(config, state)
    if n <= 0 or state.proposing:
        return state, ()
    return replace(state, proposing=True), (Propose(state.next_round, n),)


def _start(config: MachineConfig, state: MachineState) -> Handled:
    """Start no more than have a place: what waits here can still be paused or stopped."""
    room = max(0, config.parallel - len(state.running))
    waits = (*state.resumed, *state.ready)
    if not (now := waits[:room]):
        return state, ()
    started = frozenset(job.experiment_id for job in now)
    return replace(
        state,
        resumed=state.resumed[room:],
        ready=state.ready[max(0, room - len(state.resumed)) :],
        running=state.running | started,
    ), (Start(now),)


def _how_many(config: MachineConfig, state: MachineState) -> int:
    """Return how many experiments to propose now; 0 is wait."""
    planned = len(state.awaiting) + len(state.resumed) + len(state.ready) + len(state.again)
    in_flight = len(state.running) + planned
    if config.asynchronous:
        # Begin with a full batch; afterwards each finished experiment is replaced at once.
        wanted = config.parallel - in_flight
    else:
        wanted = 0 if in_flight else config.batch
    if config.budget is not None and config.budget.experiments is not None:
        # One that is uncertain, or waits, may still turn out to be done, so it holds its place.
        used = state.finished + in_flight + len(state.uncertain) + len(state.waiting)
        wanted = min(wanted, config.budget.experiments - used)
    return wanted
