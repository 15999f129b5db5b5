"""Runs Alembic's migrations from code, after a copy of the database was made.

This is the only module that imports Alembic, and it is imported only when there is a migration
to run: Alembic takes a quarter of a second to import.
"""

import logging
from contextlib import suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from labloop.errors import DatabaseUnusableError
from labloop.store.engine.chain import begin_chains
from labloop.store.engine.copy import copy_sqlite
from labloop.store.engine.driver_errors import translate_error
from labloop.store.engine.location import Location, copy_before
from labloop.store.engine.transaction import exclusive_transaction
from labloop.store.schema import CHAINED, REVISIONS, guards

_LOG = logging.getLogger("labloop.store")
SCRIPTS = Path(__file__).parents[1] / "migrations"


def config_for(connection: Connection | None = None, scripts: Path = SCRIPTS) -> Config:
    """Return Alembic's configuration, without any file."""
    made = Config()
    made.set_main_option("script_location", str(scripts).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def migrate(
    connection: Connection, location: Location, revision: str, *, scripts: Path = SCRIPTS
) -> None:
    """Migrate the database to the newest schema and create its guards, in one transaction.

    Raises:
        DatabaseUnusableError: it failed; the database is as it was.
    """
    if location.path is not None:
        copy = copy_before(location, revision)
        if not copy.exists():
            copy_sqlite(connection.exec_driver_sql, copy)
        _LOG.warning("%s gets a newer schema; a copy of it lies in %s", location.where, copy)
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # Batch mode rebuilds tables; all foreign keys are checked before the commit.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
    try:
        with exclusive_transaction(connection):
            command.upgrade(config_for(connection, scripts), "head")
            guards.create(connection)
            if revision in REVISIONS[: REVISIONS.index(CHAINED)]:
                begin_chains(connection, revision)
            if sqlite:
                _check_references(connection)
    except (DBAPIError, CommandError, DatabaseUnusableError) as error:
        reason = translate_error(error, location.where) if isinstance(error, DBAPIError) else error
        raise DatabaseUnusableError(
            f"the database {location.where} could not be brought from schema {revision} to the "
            f"newest one and is as it was before: {reason}"
        ) from error
    finally:
        if sqlite:
            with suppress(DBAPIError):
                connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _check_references(connection: Connection) -> None:
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise DatabaseUnusableError("rows would have lost what they refer to")
