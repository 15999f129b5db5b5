"""Writes the chains of campaigns, and reads what they say.

Links are made at the end of a transaction, all that it added at once. SQLite has one writer at a
time; on PostgreSQL a lock for each campaign, held from there to the commit, orders those who
write to the same one. Locks are taken in one order, and last of all: nobody waits in a circle.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Select, Table, Text, bindparam, cast, insert, select, type_coerce
from sqlalchemy.types import JSON, NullType

from labloop.store.engine.statements import Link, Session, Statement, insert_into
from labloop.store.schema import (
    BEGINNING,
    BY_ID,
    LINKED,
    METADATA,
    PARTS,
    UPGRADE,
    CampaignRow,
    ChainRow,
    encode,
    link_hash,
    note_text,
    record_text,
    table_of,
)

PAGE = 500
"""How many records are in memory when a chain is read."""
_CHAIN = table_of(ChainRow)
_CAMPAIGN = table_of(CampaignRow)
_INSERT = insert_into(_CHAIN)
_NEWEST = (
    select(_CHAIN.c.position, _CHAIN.c.sha256)
    .where(_CHAIN.c.campaign_id == bindparam("campaign_id"))
    .order_by(_CHAIN.c.position.desc())
    .limit(1)
)
_HEAD = Statement(_NEWEST)
_OWNERS: Mapping[str, tuple[str, str]] = {
    "outcome": ("intent", "intent_id"),
    "answer": ("command", "sequence"),
    "acknowledgement": ("alarm", "sequence"),
}
"""Tables without a campaign of their own: whose it is, and by which column."""


def seal(session: Session) -> None:
    """Link what the transaction has added; called once, before the commit."""
    added: dict[str, list[Link]] = defaultdict(list)
    for link in session.take_links():
        added[link.campaign_id].append(link)
    for campaign_id in sorted(added, key=_lock):
        if session.dialect != "sqlite":
            session.control(f"SELECT pg_advisory_xact_lock({_lock(campaign_id)})")
        found = session.one(_HEAD, {"campaign_id": campaign_id})
        session.many(_INSERT, _rows(added[campaign_id], found or (0, BEGINNING)))


def _rows(links: Sequence[Link], head: Sequence[Any]) -> list[dict[str, Any]]:
    position, before = head
    rows = []
    for link in links:
        position, before = position + 1, link_hash(before, link.text)
        rows.append(
            {
                "campaign_id": link.campaign_id,
                "position": position,
                "mode": link.mode,
                "noun": link.noun,
                "key": link.key,
                "note": link.text if link.noun == UPGRADE else "",
                "sha256": before,
            }
        )
    return rows


def _lock(campaign_id: str) -> int:
    """Return the number of a campaign's lock: 64 bits, signed."""
    return int.from_bytes(sha256(campaign_id.encode()).digest()[:8], "big", signed=True)


def begin_chains(connection: Connection, revision: str) -> None:
    """Link all that an older database holds, as it stands; the caller owns the transaction.

    What was changed before that moment cannot be told, and the first link says so.

    Args:
        connection: of a database of the newest schema.
        revision: the schema that it had before.
    """
    for campaign_id, mode in connection.execute(select(_CAMPAIGN.c.id, _CAMPAIGN.c.mode)).all():
        said = {"campaign": campaign_id, "schema": revision, "recorded": encode.now()}
        links = [Link(campaign_id, mode, UPGRADE, "", note_text(UPGRADE, said))]
        head: tuple[int, str] = (0, BEGINNING)
        for noun in LINKED:
            keys = [str(key) for key in connection.execute(keys_of(noun, campaign_id)).scalars()]
            for at in range(0, len(keys), PAGE):
                page = keys[at : at + PAGE]
                texts = texts_of(connection, noun, page)
                links += [Link(campaign_id, mode, noun, key, texts[key]) for key in page]
                head = _store(connection, links, head)
                links = []
        _store(connection, links, head)


def _store(connection: Connection, links: Sequence[Link], head: tuple[int, str]) -> tuple[int, str]:
    rows = _rows(links, head)
    if not rows:
        return head
    connection.execute(insert(_CHAIN), rows)
    return rows[-1]["position"], rows[-1]["sha256"]


def keys_of(noun: str, campaign_id: str) -> Select[Any]:
    """Return the select of the keys of a campaign's rows of one table, in their order."""
    table = METADATA.tables[noun]
    key = table.c.id if noun in BY_ID else table.c.sequence
    order = table.c.sequence if "sequence" in table.c else key
    if noun in _OWNERS:
        owner, column = _OWNERS[noun]
        whole = METADATA.tables[owner]
        named = whole.c.id if owner in BY_ID else whole.c.sequence
        joined = table.join(whole, named == table.c[column])
        return select(key).select_from(joined).where(whole.c.campaign_id == campaign_id)
    of = table.c.id if noun == "campaign" else table.c.campaign_id
    return select(key).where(of == campaign_id).order_by(order)


def links_of(connection: Connection, campaign_id: str, after: int = 0) -> list[dict[str, Any]]:
    """Return the next links of a campaign, a page of them at most."""
    ours = (_CHAIN.c.campaign_id == campaign_id, _CHAIN.c.position > after)
    wanted = select(_CHAIN).where(*ours).order_by(_CHAIN.c.position).limit(PAGE)
    return [dict(row) for row in connection.execute(wanted).mappings()]


def chain_lines(connection: Connection, campaign_id: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each link of a campaign with the text of its record as it stands now.

    The text is empty where the record is gone.
    """
    after = 0
    while page := links_of(connection, campaign_id, after):
        wanted: dict[str, list[str]] = defaultdict(list)
        for link in page:
            wanted[link["noun"]].append(link["key"])
        texts = {
            noun: texts_of(connection, noun, keys)
            for noun, keys in wanted.items()
            if noun in LINKED
        }
        for link in page:
            found = texts.get(link["noun"], {}).get(link["key"], "")
            yield link, found or link["note"]
        after = page[-1]["position"]


def is_linked(connection: Connection, sha256: str) -> bool:
    """Return whether any chain holds a hash."""
    wanted = select(_CHAIN.c.position).where(_CHAIN.c.sha256 == sha256).limit(1)
    return connection.execute(wanted).first() is not None


def head_of(connection: Connection, campaign_id: str) -> str:
    """Return the hash with which a campaign's chain ends."""
    found = connection.execute(_NEWEST, {"campaign_id": campaign_id}).first()
    return str(found[1]) if found else BEGINNING


def unlinked(connection: Connection, noun: str, campaign_id: str) -> list[str]:
    """Return the keys of a campaign's rows that are in no link: somebody else has added them."""
    ours = keys_of(noun, campaign_id).order_by(None).subquery()
    linked = select(_CHAIN.c.key).where(_CHAIN.c.campaign_id == campaign_id, _CHAIN.c.noun == noun)
    keys = select(cast(ours.c[0], Text)).except_(linked)
    return sorted(str(key) for key in connection.execute(keys).scalars())


def texts_of(connection: Connection, noun: str, keys: Sequence[str]) -> dict[str, str]:
    """Return key -> text of the records of one table that are there."""
    table = METADATA.tables[noun]
    by_id = noun in BY_ID
    column = table.c.id if by_id else table.c.sequence
    chosen = column.in_(keys if by_id else [int(key) for key in keys])
    rows = connection.execute(
        select(column.label("_key"), *_read(connection, table, LINKED[noun])).where(chosen)
    ).mappings()
    parts = _parts(connection, noun, keys)
    return {
        key: record_text(noun, key, dict(row), parts.get(key, ()))
        for row in rows
        for key in (str(row["_key"]),)
    }


def _parts(
    connection: Connection, noun: str, keys: Sequence[str]
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    if noun not in PARTS:
        return found
    name, whole, columns = PARTS[noun]
    table = METADATA.tables[name]
    chosen = table.c[whole].in_([int(key) for key in keys])
    wanted = select(table.c[whole].label("_whole"), *_read(connection, table, columns)).where(
        chosen
    )
    for row in connection.execute(wanted.order_by(table.c.position)).mappings():
        found[str(row["_whole"])].append(dict(row))
    return found


def _read(connection: Connection, table: Table, names: Sequence[str]) -> list[Any]:
    """Return columns, JSON as it is stored: as text, and a bare number on SQLite as a number."""
    sqlite = connection.dialect.name == "sqlite"

    def stored(column: Any) -> Any:
        if not isinstance(column.type, JSON):
            return column
        bare = type_coerce(column, NullType()) if sqlite else cast(column, Text)
        return bare.label(column.name)

    return [stored(table.c[name]) for name in names]
