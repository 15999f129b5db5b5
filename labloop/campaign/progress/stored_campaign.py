"""A stored campaign as a person calls it: its kind, and what is typed to go on with it."""

import shlex
from collections.abc import Mapping

from labloop.records import CampaignRecord, Mode, Repositories

BY_HAND = "carried out by hand"
"""Why a campaign is paused whose experiments a person carries out, without the loop."""


def resume_command(record: CampaignRecord, repositories: Repositories) -> str:
    """Return what is typed, in any folder, to go on with a campaign; a real lab is named.

    One that was begun in a notebook goes on there: no file could be loaded elsewhere. Where a
    person carries experiments out, the next ones are asked for.
    """
    if not record.spec.get("procedure"):
        simulated = " --sim" if record.mode is Mode.SIMULATED else ""
        return f"labloop ask {record.name}{simulated}{database_option(repositories)}"
    if not repositories.campaigns.bundle(record.id).entry:
        return "labloop.run(campaign, resume=True)"
    real = " --real" if record.mode is Mode.REAL and not is_function_campaign(record) else ""
    return f"labloop resume {record.name}{real}{database_option(repositories)}"


def is_function_campaign(record: CampaignRecord) -> bool:
    """Return whether a function or a program carries a stored campaign out, without a lab."""
    return bool(record.spec.get("procedure")) and not record.spec.get("lab")


def mode_label(record: CampaignRecord) -> str:
    """Return what carries a stored campaign out: its mode, or the function or program by name."""
    if not is_function_campaign(record):
        return record.mode.value
    work = record.spec.get("work")
    kind = work.get("kind", "function") if isinstance(work, Mapping) else "function"
    return f"{kind} {record.spec['procedure']}"


def database_option(repositories: Repositories) -> str:
    """Return the option that names the database, with a space before it.

    Nothing where its password is not shown: who reads that gave the URL, or has it in LABLOOP_DB.
    """
    return "" if repositories.typed is None else f" --db {shlex.quote(repositories.typed)}"
