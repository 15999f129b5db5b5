"""Experiments by hand: asked for, told by a table or a value, corrected and withdrawn."""

from labloop.campaign.by_hand.asking import ByHandOnly, ask, plan_one, reanalyse, take_up
from labloop.campaign.by_hand.corrections import (
    correct,
    find_experiment,
    history,
    reached,
    withdraw,
)
from labloop.campaign.by_hand.result_tables import read_results, write_asked
from labloop.campaign.by_hand.telling import tell

__all__ = [
    "ByHandOnly",
    "ask",
    "correct",
    "find_experiment",
    "history",
    "plan_one",
    "reached",
    "read_results",
    "reanalyse",
    "take_up",
    "tell",
    "withdraw",
    "write_asked",
]
