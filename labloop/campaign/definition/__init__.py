"""What a person wrote: the spec of a campaign, and the bundle that keeps it."""

from labloop.campaign.definition.bundle import (
    LOADING_FILE,
    Definition,
    bundle_differences,
    changed_files,
    error_location,
    item_changes,
    load_campaign,
    restore,
    versions,
    with_overrides,
    with_spec,
)
from labloop.campaign.definition.in_memory import define_campaign
from labloop.campaign.definition.provenance import trust_bundle
from labloop.campaign.definition.spec import CampaignSpec, name_of
from labloop.campaign.definition.user_code import call_user_code, cost_of, stop_rule_reason

__all__ = [
    "LOADING_FILE",
    "CampaignSpec",
    "Definition",
    "bundle_differences",
    "call_user_code",
    "changed_files",
    "cost_of",
    "define_campaign",
    "error_location",
    "item_changes",
    "load_campaign",
    "name_of",
    "restore",
    "stop_rule_reason",
    "trust_bundle",
    "versions",
    "with_overrides",
    "with_spec",
]
