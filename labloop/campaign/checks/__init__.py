"""What is found out before a campaign is carried out, without moving anything."""

from labloop.campaign.checks.check import Finding, check_campaign, rehearse
from labloop.campaign.checks.preflight import check_lab, find_record, require_procedure
from labloop.campaign.checks.refusals import (
    check_change,
    describe_set_aside,
    name_taken_message,
    update_bundle,
)

__all__ = [
    "Finding",
    "check_campaign",
    "check_change",
    "check_lab",
    "describe_set_aside",
    "find_record",
    "name_taken_message",
    "rehearse",
    "require_procedure",
    "update_bundle",
]
