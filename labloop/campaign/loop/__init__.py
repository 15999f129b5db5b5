"""The loop's only input and output: effects are carried out, events are fed back.

Here belongs what the loop of one campaign reads, writes and waits for: experiments, rounds, the
inbox, leases, the hold. What it decides belongs into ``decisions``; what opens the lab, into
``runs``. Read ``runner.py`` first.
"""

from labloop.campaign.loop.ending import Stopped, describe_signal_effect, finish_after
from labloop.campaign.loop.hold import Hold
from labloop.campaign.loop.hooks import Hooks, PlainHooks
from labloop.campaign.loop.inbox import RUN_COMMANDS, Changed
from labloop.campaign.loop.leases import (
    campaign_lease,
    current_user,
    device_leases,
    is_interrupted,
    is_unattended,
)
from labloop.campaign.loop.proposing import RoundRequest, answer_request, commit_round
from labloop.campaign.loop.reconciliation import answer_pending_commands, reconcile
from labloop.campaign.loop.runner import Runner, Stations

__all__ = [
    "RUN_COMMANDS",
    "Changed",
    "Hold",
    "Hooks",
    "PlainHooks",
    "RoundRequest",
    "Runner",
    "Stations",
    "Stopped",
    "answer_pending_commands",
    "answer_request",
    "campaign_lease",
    "commit_round",
    "current_user",
    "describe_signal_effect",
    "device_leases",
    "finish_after",
    "is_interrupted",
    "is_unattended",
    "reconcile",
]
