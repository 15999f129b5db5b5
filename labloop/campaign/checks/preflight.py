"""What must hold before a campaign is carried out; nothing is sent to find it out."""

from collections.abc import Callable
from typing import Any

from labloop.campaign.definition import Definition
from labloop.campaign.progress import is_function_campaign
from labloop.errors import CampaignError, NotFoundError
from labloop.lab import LabHost, MemoryJournal, Work, load_lab_file, look_at_host
from labloop.records import CampaignRecord, Mode, Repositories


def require_procedure(definition: Definition) -> Callable[..., Any] | Work:
    """Return the procedure; raises CampaignError where nothing but a person can carry it out."""
    spec = definition.spec
    if spec.procedure is None:
        raise CampaignError(
            f"campaign {spec.name!r} has no procedure, so nothing can carry it out; "
            f"use: labloop ask {definition.bundle.entry} -n 5 --out next.csv, and labloop tell"
        )
    return spec.procedure


def find_record(repositories: Repositories, name: str, mode: Mode) -> CampaignRecord:
    """Return a stored campaign by name; one of a plain function is found in either mode.

    Raises:
        NotFoundError: there is none; the message lists those that there are.
    """
    record = repositories.campaigns.find(name, mode)
    if record is None:
        real = repositories.campaigns.find(name, Mode.REAL)
        record = real if real is not None and is_function_campaign(real) else None
    if record is None:
        known = {f"{c.name} ({c.mode.value})" for c in repositories.campaigns.all()}
        raise NotFoundError(
            f"no {mode.value} campaign is called {name!r} in {repositories.url}; "
            f"known are: {', '.join(sorted(known)) or 'none yet'}"
        )
    return record


def check_lab(definition: Definition, mode: Mode) -> None:
    """Raise LabFileError where the lab of a campaign cannot be opened; no byte is sent.

    A host is asked whether it has such a lab; NotConnectedError where it does not answer.
    """
    if definition.host is not None:
        look_at_host(definition.host, mode)
    if definition.lab_file is not None:
        LabHost(
            load_lab_file(definition.lab_file),
            mode=mode,
            journal=MemoryJournal(),
            campaign_id="check",
        )
