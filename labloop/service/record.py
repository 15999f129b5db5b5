"""The host's record: each start of a host is a campaign of its own in its database."""

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def host_record(
    repositories: Repositories, name: str, mode: Mode, actor: str
) -> Iterator[tuple[ActionRecord, str]]:
    """Yield the record of this start of a host, and a note on the one before; close it at the end.

    What an earlier start left under way becomes UNCERTAIN: whoever asks for it is told so.
    """
    before = repositories.campaigns.find(f"host-{name}", mode)
    record = _begin(repositories, name, mode, actor, before)
    first = _first(repositories, name, mode)
    actions = ActionRecord(repositories.journal, record.id, int(first.timestamp() * 1e6))
    note = ""
    if before is not None and before.state is CampaignState.RUNNING:
        left = actions.settle_open(before.id)
        why = f"it ended without a word, with {left} actions under way"
        repositories.campaigns.set_state(before.id, CampaignState.FAILED, why, actor).result()
        note = f"the host before {why}"
    try:
        yield actions, note
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
