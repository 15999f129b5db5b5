"""Walks the chain of a campaign and names what was changed, removed or added by other means."""

import json
from collections.abc import Iterator

from sqlalchemy import Connection, select
from sqlalchemy.orm import aliased

from labloop.store.engine import chain_lines, unlinked
from labloop.store.schema import (
    BEGINNING,
    LINKED,
    ExperimentMoveRow,
    ExperimentRow,
    link_hash,
    table_of,
)

_EXPERIMENT = table_of(ExperimentRow)
_MOVE = table_of(ExperimentMoveRow)


def check_chain(connection: Connection, campaign_id: str) -> Iterator[str]:
    """Yield for each record of a campaign a sentence, empty where it is as it was stored.

    The first one that is not empty names the first record that was changed or removed.
    """
    before, position = BEGINNING, 0
    for link, text in chain_lines(connection, campaign_id):
        gap = link["position"] - position - 1
        position = link["position"]
        where = f"link {position} of the chain of campaign {campaign_id}"
        if gap:
            yield f"{gap} links before {where} were removed"
        elif not text:
            yield f"{link['noun']} {link['key']} was removed after it was stored ({where})"
        elif link_hash(before, text) != link["sha256"]:
            named = _named(link["noun"], link["key"], text)
            yield f"{named} was changed after it was stored ({where})"
        else:
            yield ""
        before = link["sha256"]
    for noun in LINKED:
        for key in unlinked(connection, noun, campaign_id):
            yield f"{noun} {key} of campaign {campaign_id} was added by something else than labloop"
    yield from _states(connection, campaign_id)


def _named(noun: str, key: str, text: str) -> str:
    said = json.loads(text)[noun]
    of = said.get("experiment_id") or said.get("intent_id")
    return f"{noun} {key or 'link'}" + (f" of {of}" if of else "")


def _states(connection: Connection, campaign_id: str) -> Iterator[str]:
    """Yield a sentence for each experiment whose state is not where its moves lead."""
    later = aliased(_MOVE)
    newest = (
        ~select(later.c.sequence)
        .where(later.c.experiment_id == _MOVE.c.experiment_id, later.c.sequence > _MOVE.c.sequence)
        .exists()
    )
    found = connection.execute(
        select(_EXPERIMENT.c.id, _EXPERIMENT.c.state, _MOVE.c.to_state)
        .join_from(_EXPERIMENT, _MOVE, _MOVE.c.experiment_id == _EXPERIMENT.c.id)
        .where(_EXPERIMENT.c.campaign_id == campaign_id, newest)
        .where(_EXPERIMENT.c.state != _MOVE.c.to_state)
    )
    for experiment, state, moved in found:
        yield f"experiment {experiment} stands as {state}, and its moves lead to {moved}"
