"""The loop's only input and output: the runner, its proposals, its inbox and every start."""

from labloop.campaign.loop.ending import Stopped, after_a_signal, end_of
from labloop.campaign.loop.hold import Hold
from labloop.campaign.loop.hooks import Hooks, PlainHooks
from labloop.campaign.loop.inbox import OF_A_RUN
from labloop.campaign.loop.proposing import RoundAsked, answer_to, commit_round
from labloop.campaign.loop.reconciliation import answer_unattended, reconcile
from labloop.campaign.loop.rights import campaign_lease, device_leases, interrupted, unattended, who
from labloop.campaign.loop.runner import Runner

__all__ = [
    "OF_A_RUN",
    "Hold",
    "Hooks",
    "PlainHooks",
    "RoundAsked",
    "Runner",
    "Stopped",
    "after_a_signal",
    "answer_to",
    "answer_unattended",
    "campaign_lease",
    "commit_round",
    "device_leases",
    "end_of",
    "interrupted",
    "reconcile",
    "unattended",
    "who",
]
