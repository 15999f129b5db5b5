"""What a user wrote: the spec of a campaign, its files, and the bundle that keeps them.

Here belongs whatever can be said before a campaign is stored. Read ``spec.py`` first, then
``loading.py``, which makes a ``Definition`` of a campaign file or of a stored bundle.
"""

from labloop.campaign.definition.changing import changed, with_changes
from labloop.campaign.definition.definition import Definition, with_overrides, with_spec
from labloop.campaign.definition.differences import bundle_differences, changed_files, item_changes
from labloop.campaign.definition.in_memory import define_campaign
from labloop.campaign.definition.installed_versions import versions
from labloop.campaign.definition.loading import LOADING_FILE, error_location, load_campaign, restore
from labloop.campaign.definition.provenance import trust_bundle
from labloop.campaign.definition.spec import CampaignSpec
from labloop.campaign.definition.standing_yes import check_standing_yes, keep_standing_yes
from labloop.campaign.definition.user_code import (
    call_user_code,
    code_of,
    cost_of,
    counts_changeover,
    is_work,
    kind_of,
    name_of,
    source_file,
    stop_rule_reason,
)

__all__ = [
    "LOADING_FILE",
    "CampaignSpec",
    "Definition",
    "bundle_differences",
    "call_user_code",
    "changed",
    "changed_files",
    "check_standing_yes",
    "code_of",
    "cost_of",
    "counts_changeover",
    "define_campaign",
    "error_location",
    "is_work",
    "item_changes",
    "keep_standing_yes",
    "kind_of",
    "load_campaign",
    "name_of",
    "restore",
    "source_file",
    "stop_rule_reason",
    "trust_bundle",
    "versions",
    "with_changes",
    "with_overrides",
    "with_spec",
]
