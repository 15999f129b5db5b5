"""The host's record: each start of a host is a campaign of its own in its database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from labloop.lab import ActionRecord
from labloop.records import (
    Bundle,
    CampaignRecord,
    CampaignState,
    Json,
    Mode,
    Repositories,
    content_hash,
    make_campaign_id,
)


@dataclass(frozen=True, slots=True)
class Died:
    """A start of the host that ended without a word."""

    campaign_id: str
    """Under which it kept its record."""
    note: str
    """What a person should know of it."""


@contextmanager
def host_record(
    repositories: Repositories, name: str, mode: Mode, actor: str
) -> Iterator[tuple[ActionRecord, Died | None]]:
    """Yield the record of this start of a host, and the one before if it died; close it at the end.

    What that one left under way and may have begun becomes UNCERTAIN: whoever asks is told so,
    until the device itself has told more.
    """
    before = repositories.campaigns.find(f"host-{name}", mode)
    record = _begin(repositories, name, mode, actor, before)
    first = _first(repositories, name, mode)
    actions = ActionRecord(repositories.journal, record.id, int(first.timestamp() * 1e6))
    died: Died | None = None
    if before is not None and before.state is CampaignState.RUNNING:
        left = actions.settle_open(before.id)
        why = f"it ended without a word, with {left} actions under way"
        repositories.campaigns.set_state(before.id, CampaignState.FAILED, why, actor).result()
        died = Died(before.id, f"the host before {why}")
    try:
        yield actions, died
    finally:
        actions.close()
        actions.settle_open(record.id)
        repositories.campaigns.set_state(
            record.id, CampaignState.FINISHED, "the host was ended", actor
        ).result()


def _begin(
    repositories: Repositories, name: str, mode: Mode, actor: str, before: CampaignRecord | None
) -> CampaignRecord:
    generation = 0 if before is None else before.generation + 1
    known = f"host-{name}"
    spec: dict[str, Json] = {"name": known}
    sha256 = content_hash(spec)
    record = CampaignRecord(
        id=make_campaign_id(known, mode.value, generation, 0),
        name=known,
        mode=mode,
        generation=generation,
        seed=0,
        state=CampaignState.RUNNING,
        reason="the host runs",
        actor=actor,
        bundle_sha256=sha256,
        spec=spec,
    )
    bundle = Bundle(spec=spec, files={}, entry="", versions={}, sha256=sha256)
    repositories.campaigns.create(record, bundle).result()
    return record


def _first(repositories: Repositories, name: str, mode: Mode) -> datetime:
    """Return the moment of the first start that the record knows of."""
    moments = [
        each.created
        for each in repositories.campaigns.all()
        if each.name == f"host-{name}" and each.mode is mode and each.created is not None
    ]
    return min(moments)
