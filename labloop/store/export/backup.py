"""A consistent copy of a database, and a check of all hashes that were taken before storing."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from labloop.errors import LabloopError, StoreError
from labloop.records import Repositories
from labloop.store._database import Database
from labloop.store.engine import copy_sqlite, head_of, is_linked, translate_error
from labloop.store.export.chain_check import check_chain
from labloop.store.repositories import (
    Connections,
    bundle_hash,
    round_hash,
    stored_bundles,
    stored_rounds,
)
from labloop.store.schema import (
    AnalysisRow,
    ArrayRow,
    MeasurementRow,
    OutputValueRow,
    RawValueRow,
    guards,
    table_of,
)

_ARRAY = table_of(ArrayRow)


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked.

    Attributes:
        checked: how many things.
        problems: a sentence for each one that is wrong.
        ends: campaign's id -> the hash with which its chain ends. Whoever keeps it elsewhere can
            prove later that nothing before it was changed.
    """

    checked: int
    problems: tuple[str, ...] = ()
    ends: Mapping[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.problems


def backup(repositories: Repositories, path: str | Path) -> Path:
    """Write a consistent copy of an SQLite database, with its files, while it is in use.

    Returns:
        The path of the copy; its large arrays lie in the folder ``<path>.files``.

    Raises:
        StoreError: PostgreSQL (which has its own tool), a path that exists, or no space.
    """
    database = ours(repositories)
    if database.location.path is None:
        raise StoreError(
            f"{database.url} is kept by PostgreSQL: back it up with pg_dump, and copy the folder "
            f"{database.location.files}"
        )
    target = Path(path).absolute()
    files = target.with_name(target.name + ".files")
    for place in (target, files):
        if place.exists():
            raise StoreError(f"a backup never overwrites: {place} exists; give a new path")
    try:
        with database.connections.readers.connect() as connection:
            # SQLite counts VACUUM INTO as a write, though it does not change the database.
            connection.exec_driver_sql("PRAGMA query_only=OFF")
            try:
                copy_sqlite(connection.exec_driver_sql, target)
            finally:
                connection.exec_driver_sql("PRAGMA query_only=ON")
        # Files are never changed, and written before the rows that refer to them.
        if database.location.files.exists():
            shutil.copytree(database.location.files, files, ignore=shutil.ignore_patterns("*.part"))
    except DBAPIError as error:
        raise translate_error(error, str(target)) from error
    except OSError as error:
        raise StoreError(f"the backup to {target} failed: {error}") from error
    return target


def verify(
    repositories: Repositories, campaign_id: str | None = None, *, kept: str = ""
) -> Verification:
    """Walk the chains, compare the hashes of arrays, bundles and rounds, and check the guards.

    Args:
        repositories: a database of this room.
        campaign_id: only this campaign; None is the whole database, its pages included.
        kept: a hash with which a chain ended when somebody wrote it down; it must still be a
            link, or the chain was made anew since.
    """
    database = ours(repositories)
    db = database.connections
    if campaign_id is None:
        chosen = [campaign.id for campaign in database.campaigns.all()]
        wanted = [select(_ARRAY.c.sha256)]
    else:
        chosen = [database.campaigns.get(campaign_id).id]
        wanted = _arrays_of(campaign_id)
    checked = 0
    problems: list[str] = []
    for part in (
        _check_whole(db) if campaign_id is None else iter(()),
        _check_arrays(db, wanted),
        *(_check_campaign(db, one) for one in chosen),
        *(_check_chain(db, one) for one in chosen),
        _check_kept(db, kept) if kept else iter(()),
    ):
        for problem in part:
            checked += 1
            if problem:
                problems.append(problem)
    return Verification(checked, tuple(dict.fromkeys(problems)), _ends(db, chosen))


def ours(repositories: Repositories) -> Database:
    """Return a database of this room; raises StoreError for any other."""
    if not isinstance(repositories, Database):
        raise StoreError(
            f"only a database of labloop.store can be copied and verified, got "
            f"{type(repositories).__name__}"
        )
    return repositories


def _check_whole(db: Connections) -> Iterator[str]:
    try:
        with db.readers.connect() as connection:
            absent = guards.missing(connection)
            yield f"the guards {', '.join(absent)} are missing" if absent else ""
            if connection.dialect.name == "sqlite":
                for (said,) in connection.exec_driver_sql("PRAGMA integrity_check").all():
                    yield "" if said == "ok" else f"a page of the database is damaged: {said}"
    except DBAPIError as error:
        yield str(translate_error(error, db.where))


def _arrays_of(campaign_id: str) -> list[Select[Any]]:
    pairs: list[tuple[type[SQLModel], type[SQLModel]]]
    pairs = [(MeasurementRow, RawValueRow), (AnalysisRow, OutputValueRow)]
    return [
        select(table.c[column].label("sha256"))
        .join_from(table, head, head.c.sequence == table.c.sequence)
        .where(head.c.campaign_id == campaign_id, table.c[column].is_not(None))
        .distinct()
        for head, table in ((table_of(one), table_of(many)) for one, many in pairs)
        for column in ("x_sha256", "y_sha256")
    ]


def _check_arrays(db: Connections, wanted: list[Select[Any]]) -> Iterator[str]:
    """Yield for each array a sentence, empty where it is whole; one at a time in memory."""
    try:
        hashes = {row["sha256"] for each in wanted for row in db.rows(each)}
    except LabloopError as error:
        yield str(error)
        return
    for sha256 in sorted(hashes):
        try:
            row = db.one(select(_ARRAY).where(_ARRAY.c.sha256 == sha256))
            if row is not None:
                db.arrays.read(row)
            yield "" if row is not None else f"the array {sha256[:12]} is missing"
        except LabloopError as error:
            yield str(error)


def _check_chain(db: Connections, campaign_id: str) -> Iterator[str]:
    try:
        with db.readers.connect() as connection:
            yield from check_chain(connection, campaign_id)
    except DBAPIError as error:
        yield str(translate_error(error, db.where))
    except ValueError as error:
        yield f"a row of campaign {campaign_id} cannot be read: {error}"


def _check_kept(db: Connections, kept: str) -> Iterator[str]:
    with db.readers.connect() as connection:
        known = is_linked(connection, kept.strip().lower())
    missing = (
        f"the hash {kept} that was kept is in no chain: it is of another database, or the chain "
        "was made anew since"
    )
    yield "" if known else missing


def _ends(db: Connections, campaigns: Sequence[str]) -> dict[str, str]:
    try:
        with db.readers.connect() as connection:
            return {one: head_of(connection, one) for one in campaigns}
    except DBAPIError:
        # It is among the problems already.
        return {}


def _check_campaign(db: Connections, campaign_id: str) -> Iterator[str]:
    try:
        for stored, bundle in stored_bundles(db, campaign_id):
            same = bundle_hash(bundle) == stored
            yield "" if same else f"a bundle of campaign {campaign_id} is not what was stored"
        for stored, record in stored_rounds(db, campaign_id):
            same = round_hash(record) == stored
            where = f"round {record.index} of campaign {campaign_id}"
            yield "" if same else f"{where} is not what was stored"
    except LabloopError as error:
        yield str(error)
