"""What a person wrote: the spec of a campaign, and the bundle that keeps it."""

from labloop.campaign.definition.bundle import (
    LOADING,
    Definition,
    changed_since,
    difference,
    item_changes,
    load_campaign,
    place_of,
    restore,
    versions,
    with_overrides,
    with_spec,
)
from labloop.campaign.definition.in_memory import defined
from labloop.campaign.definition.provenance import vouch
from labloop.campaign.definition.spec import CampaignSpec, name_of
from labloop.campaign.definition.user_code import cost_of, persons, why_stop

__all__ = [
    "LOADING",
    "CampaignSpec",
    "Definition",
    "changed_since",
    "cost_of",
    "defined",
    "difference",
    "item_changes",
    "load_campaign",
    "name_of",
    "persons",
    "place_of",
    "restore",
    "versions",
    "vouch",
    "why_stop",
    "with_overrides",
    "with_spec",
]
