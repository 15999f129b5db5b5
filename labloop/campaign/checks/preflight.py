"""What must hold before a campaign is carried out; nothing is sent to find it out."""

from collections.abc import Callable
from typing import Any

from labloop.campaign.definition import Definition
from labloop.campaign.progress import is_function_campaign
from labloop.errors import CampaignError
from labloop.lab import LabHost, MemoryJournal, load_lab_file
from labloop.records import CampaignRecord, Mode, Repositories


def require_procedure(definition: Definition) -> Callable[..., Any]:
    """Return the procedure; raises CampaignError where nothing but a person can carry it out."""
    spec = definition.spec
    if spec.procedure is None:
        raise CampaignError(
            f"campaign {spec.name!r} has no procedure, so nothing can carry it out; "
            f"use: labloop ask {definition.bundle.entry} -n 5 --out next.csv, and labloop tell"
        )
    return spec.procedure


def find_function_campaign(repositories: Repositories, name: str) -> CampaignRecord | None:
    """Return the campaign of a plain function: it is found by its name, whatever mode is asked."""
    record = repositories.campaigns.find(name, Mode.REAL)
    return record if record is not None and is_function_campaign(record) else None


def check_lab(definition: Definition, mode: Mode) -> None:
    """Raise LabFileError where the lab of a campaign cannot be opened; no byte is sent."""
    if definition.lab_file is not None:
        LabHost(
            load_lab_file(definition.lab_file),
            mode=mode,
            journal=MemoryJournal(),
            campaign_id="check",
        )
