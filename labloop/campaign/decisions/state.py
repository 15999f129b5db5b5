"""What the machine decides by: what does not change, and where a campaign stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from labloop.campaign.decisions.budget import Budget
from labloop.campaign.decisions.events import Effect
from labloop.campaign.decisions.failures import FailurePolicy
from labloop.records import CampaignState, ExperimentJob


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
    alike: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Station -> the others of its kind, in the lab that is open."""


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
    """Begun before, and to be entered again; at a start also while the campaign is paused."""
    running: frozenset[str] = frozenset()
    waiting: Mapping[str, str] = field(default_factory=dict)
    """Experiment that left the lab until a late result comes -> what it waits for, in words."""
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
    again: frozenset[str] = frozenset()
    """Failed, and about to be planned anew."""
    attempts: Mapping[str, int] = field(default_factory=dict)
    """Experiment -> how many before it had the same conditions and failed."""
    device_failures: Mapping[str, int] = field(default_factory=dict)
    """Device -> how often it failed in a row."""
    withdrawn: frozenset[str] = frozenset()
    """Stations that are given to no experiment until a person lets the campaign go on."""
    unresolved: str = ""
    """What must be settled before anything new begins; empty where nothing must."""
    ending: str = ""
    """Why no new experiment is begun; empty while the campaign goes on."""
    end_state: CampaignState = CampaignState.FINISHED
    over: bool = False


Handled: TypeAlias = tuple[MachineState, tuple[Effect, ...]]
"""What follows from an event."""


def waits_for_person(state: MachineState) -> bool:
    """Return whether nothing goes on until a person answers."""
    busy = state.over or state.ending or state.running or state.proposing
    asks = state.paused or state.unresolved or state.awaiting or state.waiting
    return not busy and bool(asks)


def question_of(state: MachineState) -> str:
    """Return what a person is asked, in a few words; empty where nothing is."""
    if state.paused or state.unresolved:
        return state.paused or state.unresolved
    if state.awaiting:
        numbers = ", ".join(str(job.number) for job in state.awaiting)
        return f"approval of experiment {numbers}"
    return "; ".join(f"experiment {key} {why}" for key, why in state.waiting.items())


def end(state: MachineState, reason: str, how: CampaignState) -> MachineState:
    """Begin nothing new; the first reason given is the one that is stored.

    A round that the brain is still computing is dropped.
    """
    if state.ending:
        return state
    return replace(state, ending=reason, end_state=how, ready=(), awaiting=(), proposing=False)
