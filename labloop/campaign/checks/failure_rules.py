"""Whether the failure rules of a campaign speak of what its lab has."""

from labloop.campaign.decisions import FailurePolicy
from labloop.errors import CampaignError
from labloop.lab import LabFile


def require_known_devices(policy: FailurePolicy, lab_file: LabFile) -> None:
    """Raise CampaignError where a rule can never match in this lab, or has nothing to do there."""
    kinds = {kind: table.all(kind) for kind, table in lab_file.stations.items()}
    stations = {name: kind for kind, names in kinds.items() for name in names}
    for rule in policy.rules:
        known = (*lab_file.devices, *stations)
        if rule.device and rule.device not in known:
            raise CampaignError(
                f"{rule} never matches: {lab_file.source} has no device or station "
                f"{rule.device!r}; it has: {', '.join(dict.fromkeys(known))}"
            )
        if rule.then == "other station" and not any(len(names) > 1 for names in kinds.values()):
            raise CampaignError(
                f"{rule} has nowhere to go: {lab_file.source} has no two stations that are alike; "
                "declare them in [stations.<kind>], or say then='ask'"
            )
        kind = stations.get(rule.device, "")
        if rule.then == "other station" and kind and len(kinds[kind]) < 2:
            raise CampaignError(
                f"{rule} has nowhere to go: {rule.device} is the only one of [stations.{kind}]; "
                "say then='ask'"
            )
