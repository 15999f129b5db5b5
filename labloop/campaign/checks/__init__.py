"""What is found out before a campaign is carried out, without moving anything.

Here belong refusals, ``labloop check`` and rehearsals in a simulated lab. What a spec alone can
tell is refused in ``definition/spec_checks.py``. Read ``check.py`` first.
"""

from labloop.campaign.checks.calibrations import lab_file_of_campaign, require_calibrations
from labloop.campaign.checks.changes import (
    change_definition,
    check_change,
    describe_set_aside,
    name_taken_message,
    update_bundle,
)
from labloop.campaign.checks.check import check_campaign
from labloop.campaign.checks.failure_rules import require_known_devices
from labloop.campaign.checks.finding import Finding
from labloop.campaign.checks.preflight import check_lab, find_record, require_procedure
from labloop.campaign.checks.rehearsal import rehearse
from labloop.campaign.checks.stations import require_stations
from labloop.campaign.checks.supply import judged_supply, rehearsed_use, supply_of

__all__ = [
    "Finding",
    "change_definition",
    "check_campaign",
    "check_change",
    "check_lab",
    "describe_set_aside",
    "find_record",
    "judged_supply",
    "lab_file_of_campaign",
    "name_taken_message",
    "rehearse",
    "rehearsed_use",
    "require_calibrations",
    "require_known_devices",
    "require_procedure",
    "require_stations",
    "supply_of",
    "update_bundle",
]
