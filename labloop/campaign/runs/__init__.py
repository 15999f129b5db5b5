"""One run of a campaign in this process: what opens its lab, what other threads reach of it.

Here belongs whatever lives exactly as long as ``Campaign.run``. Decisions belong into
``decisions``, the loop itself into ``loop``. Read ``opening.py`` first.
"""

from labloop.campaign.runs.beginning import (
    answer_with_code,
    definition_to_resume,
    store_campaign,
    stored_definition,
)
from labloop.campaign.runs.device_answers import settle_by_devices
from labloop.campaign.runs.earlier import carried_out
from labloop.campaign.runs.handle import RunHandle
from labloop.campaign.runs.opening import Execution, RunContext, Speed, open_execution
from labloop.campaign.runs.single_experiment import NoProposals, plan_single_experiment

__all__ = [
    "Execution",
    "NoProposals",
    "RunContext",
    "RunHandle",
    "Speed",
    "answer_with_code",
    "carried_out",
    "definition_to_resume",
    "open_execution",
    "plan_single_experiment",
    "settle_by_devices",
    "store_campaign",
    "stored_definition",
]
