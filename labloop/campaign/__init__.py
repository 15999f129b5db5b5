"""The loop: what a user writes, the machine that decides, the runner that carries out."""

from labloop.campaign._analysis import Analysis
from labloop.campaign._budget import Budget, FailurePolicy, NoImprovement, Reached, StopRule
from labloop.campaign._bundle import (
    LOADING,
    Definition,
    changed_since,
    difference,
    load_campaign,
    place_of,
    restore,
    versions,
    with_overrides,
    with_spec,
)
from labloop.campaign._by_hand import ask, reanalyse, take_up
from labloop.campaign._campaign import Campaign, Speed
from labloop.campaign._check import Finding, check_campaign, rehearse
from labloop.campaign._conditions import Conditions, point_from_text
from labloop.campaign._corrections import correct, find_experiment, history, reached, withdraw
from labloop.campaign._dataset import build_dataset, carried_out
from labloop.campaign._hooks import Hooks, PlainHooks
from labloop.campaign._in_memory import defined
from labloop.campaign._inbox import OF_A_RUN
from labloop.campaign._lab_time import lab_seconds
from labloop.campaign._preflight import check_lab, need_procedure
from labloop.campaign._provenance import vouch
from labloop.campaign._reconcile import answer_unattended
from labloop.campaign._refusals import set_aside
from labloop.campaign._results import read_results, write_asked
from labloop.campaign._rights import interrupted, unattended, who
from labloop.campaign._snapshot import Snapshot
from labloop.campaign._spec import CampaignSpec
from labloop.campaign._telling import tell
from labloop.campaign._words import db_words, kind_of, resume_words, without_lab

__all__ = [
    "LOADING",
    "OF_A_RUN",
    "Analysis",
    "Budget",
    "Campaign",
    "CampaignSpec",
    "Conditions",
    "Definition",
    "FailurePolicy",
    "Finding",
    "Hooks",
    "NoImprovement",
    "PlainHooks",
    "Reached",
    "Snapshot",
    "Speed",
    "StopRule",
    "answer_unattended",
    "ask",
    "build_dataset",
    "carried_out",
    "changed_since",
    "check_campaign",
    "check_lab",
    "correct",
    "db_words",
    "defined",
    "difference",
    "find_experiment",
    "history",
    "interrupted",
    "kind_of",
    "lab_seconds",
    "load_campaign",
    "need_procedure",
    "place_of",
    "point_from_text",
    "reached",
    "read_results",
    "reanalyse",
    "rehearse",
    "restore",
    "resume_words",
    "set_aside",
    "take_up",
    "tell",
    "unattended",
    "versions",
    "vouch",
    "who",
    "with_overrides",
    "with_spec",
    "withdraw",
    "without_lab",
    "write_asked",
]
