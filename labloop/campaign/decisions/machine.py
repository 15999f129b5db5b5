"""The one loop, as a pure function: ``step(config, state, event) -> (state, effects)``.

Nothing here does I/O, sleeps or asks for the time, so every policy is tested as a table of
events. The runner carries the effects out and feeds back what happened.
"""

from dataclasses import dataclass, replace
from functools import singledispatch
from typing import TypeAlias

from labloop.campaign.decisions.budget import Budget, FailurePolicy
from labloop.campaign.decisions.events import (
    Abort,
    Added,
    Approved,
    Ask,
    Began,
    Effect,
    Ended,
    Event,
    Finish,
    NothingToPropose,
    PauseAsked,
    Propose,
    Rejected,
    Resolved,
    ResumeAsked,
    RoundPlanned,
    RuleMet,
    Start,
    StopAsked,
)
from labloop.records import CampaignState, ExperimentJob, ExperimentResult, ExperimentState


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineConfig:
    """What does not change while a campaign runs."""

    budget: Budget | None
    """None for a run of one experiment that a person wants: nothing limits it."""
    policy: FailurePolicy
    batch: int = 1
    parallel: int = 1
    asynchronous: bool = False
    approval: bool = False
    """Whether each proposal waits for a person's yes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """Where a campaign stands, as far as the next decision needs it."""

    next_round: int = 0
    next_number: int = 1
    ready: tuple[ExperimentJob, ...] = ()
    """Planned and allowed to start."""
    awaiting: tuple[ExperimentJob, ...] = ()
    """Planned and waiting for a person."""
    resumed: tuple[ExperimentJob, ...] = ()
    """Begun by an earlier process and gone on with from the start, also while it is paused."""
    running: frozenset[str] = frozenset()
    uncertain: frozenset[str] = frozenset()
    finished: int = 0
    """Done or failed: what the budget of experiments counts."""
    failures_in_a_row: int = 0
    lab_hours: float = 0.0
    cost: float = 0.0
    proposing: bool = False
    """The brain was asked for a round that is still wanted."""
    paused: str = ""
    """Why nothing new is begun until a person says so; empty while it goes on."""
    unreachable: str = ""
    """What cannot be reached since the last time that a person let the campaign go on."""
    unresolved: str = ""
    """What must be settled before anything new begins; empty where nothing must."""
    ending: str = ""
    """Why no new experiment is begun; empty while the campaign goes on."""
    end_state: CampaignState = CampaignState.FINISHED
    over: bool = False


def step(
    config: MachineConfig, state: MachineState, event: Event
) -> tuple[MachineState, tuple[Effect, ...]]:
    """Return the next state and what is to be done now."""
    if state.over:
        return state, ()
    state, first = _handle(event, config, state)
    state = _check_budget(config, state)
    state, then = _advance(config, state)
    return state, (*first, *then)


_Handled: TypeAlias = tuple[MachineState, tuple[Effect, ...]]


def waits_for_person(state: MachineState) -> bool:
    """Return whether nothing goes on until a person answers."""
    busy = state.over or state.ending or state.running or state.proposing
    return not busy and bool(state.paused or state.unresolved or state.awaiting)


def counted_once(state: MachineState, result: ExperimentResult) -> ExperimentResult:
    """Return a result, as abandoned where its failure repeats a lost connection that is known.

    One lost line ends every running experiment. The first of them counts as failed; the others
    use up no budget.
    """
    if result.state is ExperimentState.FAILED and result.lost and state.unreachable:
        return replace(result, state=ExperimentState.ABANDONED)
    return result


@singledispatch
def _handle(event: object, _config: MachineConfig, _state: MachineState) -> _Handled:
    raise TypeError(f"{event!r} is no event of a campaign")


@_handle.register
def _began(_event: Began, _config: MachineConfig, state: MachineState) -> _Handled:
    questions = tuple(
        Ask(f"what became of experiment {key}?", key) for key in sorted(state.uncertain)
    )
    asked = (*questions, *(_question(job) for job in state.awaiting))
    if not state.resumed:
        return state, asked
    begun = frozenset(job.experiment_id for job in state.resumed)
    effect = Start(state.resumed)
    return replace(state, resumed=(), running=state.running | begun), (*asked, effect)


@_handle.register
def _round(event: RoundPlanned, config: MachineConfig, state: MachineState) -> _Handled:
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
def _nothing(event: NothingToPropose, _config: MachineConfig, state: MachineState) -> _Handled:
    end = CampaignState.FAILED if event.failed else CampaignState.FINISHED
    return _end(state, event.reason, end), ()


@_handle.register
def _added(event: Added, _config: MachineConfig, state: MachineState) -> _Handled:
    number = max(state.next_number, event.job.number + 1)
    return replace(state, next_number=number, ready=(*state.ready, event.job)), ()


@_handle.register
def _approved(event: Approved, _config: MachineConfig, state: MachineState) -> _Handled:
    return replace(
        state,
        next_number=max(state.next_number, event.job.number + 1),
        awaiting=_without(state.awaiting, event.replaces or event.job.experiment_id),
        ready=(*state.ready, event.job),
    ), ()


@_handle.register
def _rejected(event: Rejected, _config: MachineConfig, state: MachineState) -> _Handled:
    return replace(
        state,
        awaiting=_without(state.awaiting, event.experiment_id),
        ready=_without(state.ready, event.experiment_id),
    ), ()


def _without(jobs: tuple[ExperimentJob, ...], experiment_id: str) -> tuple[ExperimentJob, ...]:
    return tuple(job for job in jobs if job.experiment_id != experiment_id)


@_handle.register
def _ended(event: Ended, config: MachineConfig, state: MachineState) -> _Handled:
    counts = event.state in {ExperimentState.DONE, ExperimentState.FAILED}
    failed = event.state is ExperimentState.FAILED
    row = state.failures_in_a_row + 1 if failed else 0
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
        return _end(state, reason, CampaignState.FAILED), ()
    state, asked = _unreachable(state, event)
    if event.state is ExperimentState.UNCERTAIN:
        state, more = _uncertain(config, state, event)
        return state, (*asked, *more)
    if event.state is ExperimentState.ABANDONED and not state.ending and not event.lost:
        # Nobody asked for it: the lab stopped by itself and would abandon every further one.
        return _end(state, f"the lab stopped: {event.reason}", CampaignState.FAILED), ()
    return state, asked


def _unreachable(state: MachineState, event: Ended) -> _Handled:
    """Wait for a person where a device cannot be reached: every further experiment would fail."""
    if not event.lost or state.unreachable or state.ending:
        return state, ()
    question = (
        f"a device cannot be reached: {event.lost}. Mend it, then let the campaign go on "
        "(labloop command NAME resume)"
    )
    return replace(state, unreachable=event.lost, paused=state.paused or question), (Ask(question),)


def _uncertain(config: MachineConfig, state: MachineState, event: Ended) -> _Handled:
    state = replace(state, uncertain=state.uncertain | {event.experiment_id})
    question = f"what became of experiment {event.experiment_id}? ({event.reason})"
    if config.policy.on_uncertain == "pause":
        state = replace(state, unresolved=state.unresolved or question)
    return state, (Ask(question, event.experiment_id),)


@_handle.register
def _resolved(event: Resolved, _config: MachineConfig, state: MachineState) -> _Handled:
    uncertain = state.uncertain - {event.experiment_id}
    counts = event.state in {ExperimentState.DONE, ExperimentState.FAILED}
    unresolved = state.unresolved if uncertain else ""
    return replace(
        state, uncertain=uncertain, unresolved=unresolved, finished=state.finished + counts
    ), ()


@_handle.register
def _pause(event: PauseAsked, _config: MachineConfig, state: MachineState) -> _Handled:
    return replace(state, paused=event.reason or "a person asked for it"), ()


@_handle.register
def _resume(_event: ResumeAsked, _config: MachineConfig, state: MachineState) -> _Handled:
    return replace(state, paused="", unresolved="", unreachable=""), ()


@_handle.register
def _stop(event: StopAsked, _config: MachineConfig, state: MachineState) -> _Handled:
    state = _end(state, event.reason, CampaignState.STOPPED)
    return state, (Abort(event.reason),) if event.now and state.running else ()


@_handle.register
def _rule(event: RuleMet, _config: MachineConfig, state: MachineState) -> _Handled:
    return _end(state, event.reason, CampaignState.FINISHED), ()


def _end(state: MachineState, reason: str, end: CampaignState) -> MachineState:
    """Begin nothing new; the first reason given is the one that is stored.

    A round that the brain is still computing is dropped.
    """
    if state.ending:
        return state
    return replace(state, ending=reason, end_state=end, ready=(), awaiting=(), proposing=False)


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
            return _end(state, f"the budget of {limit:g} {what} is used up", CampaignState.FINISHED)
    return state


def _advance(config: MachineConfig, state: MachineState) -> _Handled:
    if state.ending:
        if state.running:
            return state, ()
        return replace(state, over=True), (Finish(state.end_state, state.ending),)
    if state.paused or state.unresolved:
        return state, ()
    if state.ready:
        return _start(config, state)
    n = _how_many(config, state)
    if n <= 0 or state.proposing:
        return state, ()
    return replace(state, proposing=True), (Propose(state.next_round, n),)


def _start(config: MachineConfig, state: MachineState) -> _Handled:
    """Start no more than have a place: what waits here can still be paused or stopped."""
    room = max(0, config.parallel - len(state.running))
    if not (now := state.ready[:room]):
        return state, ()
    started = frozenset(job.experiment_id for job in now)
    return replace(state, ready=state.ready[room:], running=state.running | started), (Start(now),)


def _how_many(config: MachineConfig, state: MachineState) -> int:
    """Return how many experiments to propose now; 0 is wait."""
    in_flight = len(state.running) + len(state.awaiting) + len(state.ready)
    if config.asynchronous:
        # Begin with a full batch; afterwards each finished experiment is replaced at once.
        wanted = config.parallel - in_flight
    else:
        wanted = 0 if in_flight else config.batch
    if config.budget is not None and config.budget.experiments is not None:
        # An uncertain experiment may still turn out to be done, so it holds its place.
        used = state.finished + in_flight + len(state.uncertain)
        wanted = min(wanted, config.budget.experiments - used)
    return wanted
