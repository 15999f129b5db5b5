"""What a campaign does next, as a pure function: events in, effects out.

Here belong budget, failures, stopping and every other policy. Nothing here does I/O, sleeps or
asks for the time; what does belongs into ``loop``. Read ``machine.py`` first.
"""

from labloop.campaign.decisions.budget import (
    Budget,
    FailurePolicy,
    NoImprovement,
    Reached,
    StopRule,
)
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
from labloop.campaign.decisions.machine import (
    MachineConfig,
    MachineState,
    counted_once,
    step,
    waits_for_person,
)

__all__ = [
    "Abort",
    "Added",
    "Approved",
    "Ask",
    "Began",
    "Budget",
    "Effect",
    "Ended",
    "Event",
    "FailurePolicy",
    "Finish",
    "MachineConfig",
    "MachineState",
    "NoImprovement",
    "NothingToPropose",
    "PauseAsked",
    "Propose",
    "Reached",
    "Rejected",
    "Resolved",
    "ResumeAsked",
    "RoundPlanned",
    "RuleMet",
    "Start",
    "StopAsked",
    "StopRule",
    "counted_once",
    "step",
    "waits_for_person",
]
