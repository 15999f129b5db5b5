"""What is found out before a campaign is carried out, without moving anything."""

from labloop.campaign.checks.check import Finding, check_campaign, rehearse
from labloop.campaign.checks.preflight import check_lab, need_procedure, of_function
from labloop.campaign.checks.refusals import check_change, keep_bundle, set_aside, taken

__all__ = [
    "Finding",
    "check_campaign",
    "check_change",
    "check_lab",
    "keep_bundle",
    "need_procedure",
    "of_function",
    "rehearse",
    "set_aside",
    "taken",
]
