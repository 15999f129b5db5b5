"""What a campaign does next, as a pure function: events in, effects out.

Here belong budget, failures, stopping and every other policy. Nothing here does I/O, sleeps or
asks for the time; what does belongs into ``loop``. Read ``machine.py`` first.
"""

from labloop.campaign.decisions.budget import Budget, NoImprovement, Reached, StopRule
from labloop.campaign.decisions.events import (
    Abort,
    Added,
    Again,
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
from labloop.campaign.decisions.failures import (
    FailurePolicy,
    FailureRule,
    OnRestart,
    Unattended,
)
from labloop.campaign.decisions.following import judge
from labloop.campaign.decisions.machine import step
from labloop.campaign.decisions.state import MachineConfig, MachineState, waits_for_person

__all__ = [
    "Abort",
    "Added",
    "Again",
    "Approved",
    "Ask",
    "Began",
    "Budget",
    "Continued",
    "Effect",
    "Ended",
    "Event",
    "FailurePolicy",
    "FailureRule",
    "Finish",
    "MachineConfig",
    "MachineState",
    "NoImprovement",
    "NothingToPropose",
    "OnRestart",
    "PauseAsked",
    "Propose",
    "Reached",
    "Redirected",
    "Rejected",
    "Resolved",
    "Restore",
    "ResumeAsked",
    "RoundPlanned",
    "RuleMet",
    "Start",
    "StopAsked",
    "StopRule",
    "Unattended",
    "Unsupplied",
    "Withdraw",
    "judge",
    "step",
    "waits_for_person",
]
