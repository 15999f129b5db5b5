"""Where a verb of ``labloop devices`` keeps its journal: in memory, or in a database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from labloop.cli.terminal import console, open_repositories
from labloop.records import (
    Alarm,
    Bundle,
    CampaignRecord,
    CampaignState,
    Journal,
    Json,
    Mode,
    Repositories,
    Severity,
    content_hash,
    make_campaign_id,
)

if TYPE_CHECKING:
    from labloop.lab import LabFile

Kept = Annotated[
    str | None,
    typer.Option("--db", help="keep the journal in this database instead of in memory"),
]
_DONE = "by hand, with labloop devices"


@dataclass(frozen=True, slots=True)
class KeptJournal:
    """A journal, and on whose behalf it has its entries."""

    journal: Journal
    campaign_id: str = "devices"
    actor: str = "labloop"
    on_alarm: Callable[[Alarm], object] | None = None
    """Keeps alarms; None where they are only printed."""


@contextmanager
def journal_of(lab_file: "LabFile", mode: Mode, db: str | None) -> Iterator[KeptJournal]:
    """Yield where the actions of a verb are kept.

    In a database all that was done by hand in one lab is one campaign, ``devices-LAB``.

    Raises:
        StoreError: the database cannot be used.
    """
    from labloop.lab import MemoryJournal  # noqa: PLC0415 - keeps labloop --help quick

    if db is None:
        yield KeptJournal(MemoryJournal())
        return
    from labloop.campaign import current_user  # noqa: PLC0415 - keeps labloop --help quick

    actor = current_user()
    with open_repositories(db, create=True) as repositories:
        name = f"devices-{lab_file.lab.name}"
        campaign_id = _campaign(repositories, name, mode, actor)

        def keep(alarm: Alarm) -> None:
            repositories.alarms.add(campaign_id, alarm).result()
            if alarm.severity is not Severity.CRITICAL:
                # The lab prints those itself.
                console().print(f"alarm     {alarm.message}")

        yield KeptJournal(repositories.journal, campaign_id, actor, keep)


def _campaign(repositories: Repositories, name: str, mode: Mode, actor: str) -> str:
    """Return the campaign of what was done by hand in a lab, made where there is none."""
    found = repositories.campaigns.find(name, mode)
    if found is not None:
        return found.id
    spec: dict[str, Json] = {"name": name}
    sha256 = content_hash(spec)
    record = CampaignRecord(
        id=make_campaign_id(name, mode.value, 0, 0),
        name=name,
        mode=mode,
        generation=0,
        seed=0,
        state=CampaignState.FINISHED,
        reason=_DONE,
        actor=actor,
        bundle_sha256=sha256,
        spec=spec,
    )
    bundle = Bundle(spec=spec, files={}, entry="", versions={}, sha256=sha256)
    repositories.campaigns.create(record, bundle).result()
    return record.id
