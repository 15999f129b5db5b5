"""Opens a database: checks that it is labloop's, creates, migrates and guards it."""

import logging
import os
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from labloop.errors import DatabaseUnusableError
from labloop.store.engine.connect import APPLICATION_ID
from labloop.store.engine.driver_errors import translate_error
from labloop.store.engine.location import Location
from labloop.store.engine.transaction import exclusive_transaction
from labloop.store.schema import HEAD, REVISIONS, VERSION_TABLE, create_all, guards

_LOG = logging.getLogger("labloop.store")
_MAGIC = b"SQLite format 3\0"


def check_location(location: Location, *, create: bool) -> None:
    """Refuse a location where no database can be, before anything is written.

    Raises:
        DatabaseUnusableError: folder missing or not writable, no file, or a foreign file.
    """
    path = location.path
    if path is None:
        return
    if path.is_dir():
        raise DatabaseUnusableError(f"{path} is a folder; give the path of a database file in it")
    if create and not path.parent.is_dir():
        raise DatabaseUnusableError(
            f"the folder {path.parent} of the database does not exist; create it first"
        )
    if not path.exists():
        if not create:
            raise DatabaseUnusableError(
                f"there is no database at {path}; run a campaign first, or give another path "
                "(--db, or the variable LABLOOP_DB)"
            )
        if not os.access(path.parent, os.W_OK):
            raise DatabaseUnusableError(
                f"the folder {path.parent} is not writable, so no database can be made in it; "
                "change its rights or give another path"
            )
        return
    _check_file(path)


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            begin = file.read(len(_MAGIC))
    except OSError as error:
        raise DatabaseUnusableError(
            f"the database {path} cannot be read: {error}; check its rights"
        ) from error
    if begin and begin != _MAGIC:
        raise DatabaseUnusableError(
            f"{path} is not an SQLite database; give the path of another file"
        )


def prepare_to_write(engine: Engine, location: Location) -> None:
    """Create the tables of a new database, migrate an old one, restore missing guards.

    Raises:
        DatabaseUnusableError: foreign, newer, locked, damaged, or no space.
    """
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                _use_write_ahead_log(connection, location)
            revision = revision_of(connection, location)
            if revision is None:
                revision = _create(connection, location)
            if revision != HEAD:
                _migrate(connection, location, revision)
            absent = guards.missing(connection)
            if absent:
                _LOG.warning("guards of %s were missing and made anew: %s", location.where, absent)
                with exclusive_transaction(connection):
                    guards.create(connection)
    except DBAPIError as error:
        raise translate_error(error, location.where) from error


def check_to_read(engine: Engine, location: Location) -> None:
    """Refuse a database that this version cannot read; writes nothing.

    Raises:
        DatabaseUnusableError: foreign, empty, newer, older, locked or damaged.
    """
    revision = schema_of(engine, location)
    if revision != HEAD:
        raise DatabaseUnusableError(
            f"the database {location.where} has the older schema {revision} and this labloop reads "
            f"{HEAD}; bring it up to date with: labloop db upgrade"
        )


def schema_of(engine: Engine, location: Location) -> str:
    """Return the revision of a database that holds something; changes nothing.

    Raises:
        DatabaseUnusableError: foreign, empty, newer, locked or damaged.
    """
    try:
        with engine.connect() as connection:
            revision = revision_of(connection, location)
    except DBAPIError as error:
        raise translate_error(error, location.where) from error
    if revision is None:
        raise DatabaseUnusableError(
            f"the database {location.where} is empty; run a campaign first, or give another one"
        )
    return revision


def revision_of(connection: Connection, location: Location) -> str | None:
    """Return the Alembic revision of the schema, None where the database is empty.

    Raises:
        DatabaseUnusableError: it is somebody else's, or of a newer labloop.
    """
    tables, marked = _tables(connection)
    if VERSION_TABLE not in tables:
        if tables or not marked:
            raise DatabaseUnusableError(
                f"the database {location.where} belongs to another program (it holds "
                f"{', '.join(sorted(tables)[:3]) or 'another mark'}); give labloop one of its own"
            )
        return None
    if not marked:
        raise DatabaseUnusableError(
            f"the database {location.where} carries another program's mark; restore a backup"
        )
    row = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").first()  # noqa: S608 - a constant
    revision = str(row[0]) if row else "none"
    if revision not in REVISIONS:
        raise DatabaseUnusableError(
            f"the database {location.where} was written by a newer labloop (schema {revision}, "
            f"this one knows up to {HEAD}); update labloop"
        )
    return revision


def _tables(connection: Connection) -> tuple[set[str], bool]:
    """Return the names of the tables, and whether the application id is labloop's or not set."""
    if connection.dialect.name == "sqlite":
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        mark = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        marked = mark in {0, APPLICATION_ID}
    else:
        names = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        marked = True
    return {str(row[0]) for row in connection.exec_driver_sql(names)}, marked


def _use_write_ahead_log(connection: Connection, location: Location) -> None:
    # Checked first, because setting the mode writes into the file.
    tables, marked = _tables(connection)
    if not marked or (tables and VERSION_TABLE not in tables):
        return
    if connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal":
        return
    got = connection.exec_driver_sql("PRAGMA journal_mode=WAL").scalar_one()
    if got != "wal":
        raise DatabaseUnusableError(
            f"the place of {location.where} allows no write-ahead log (it gave {got!r}), which a "
            "network drive does not; put the database on a local disk"
        )


def _create(connection: Connection, location: Location) -> str:
    with exclusive_transaction(connection):
        # Another process may have created the tables in the meantime.
        revision = revision_of(connection, location)
        if revision is not None:
            return revision
        create_all(connection)
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
    return HEAD


def _migrate(connection: Connection, location: Location, revision: str) -> None:
    # Imported when needed: Alembic takes a quarter of a second.
    from labloop.store.engine.migrate import migrate  # noqa: PLC0415 - see above

    migrate(connection, location, revision)
