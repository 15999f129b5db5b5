"""A new SQLite database: made whole under a name of its own, then put into its place."""

import os
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from labloop.errors import DatabaseUnusableError
from labloop.store.engine.connect import make_engine
from labloop.store.engine.driver_errors import translate_error
from labloop.store.engine.location import Location
from labloop.store.engine.opening import prepare_to_write
from labloop.store.engine.platform import sync_folder


def create_file(location: Location) -> None:
    """Put a new database where none is yet; one that is there by then is left alone.

    What fails removes only what it has made itself, for at the place itself another process
    may have put a database of its own meanwhile.

    Raises:
        DatabaseUnusableError: it cannot be made there; nothing is left behind.
    """
    path = location.path
    if path is None or path.exists():
        return
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    engine = make_engine(replace(location, path=part), writing=True, create=True)
    try:
        prepare_to_write(engine, location)
        _empty_log(engine, location)
        # Where a file system has no hard links, the open that follows makes it in place.
        with suppress(OSError):
            _link(part, path)
    finally:
        engine.dispose()
        for suffix in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + suffix).unlink(missing_ok=True)


def _empty_log(engine: Engine, location: Location) -> None:
    """Move what lies in the log into the file, for the log does not go with it to its place.

    SQLite does so by itself at the last close, and is silent where the disk is full meanwhile.
    """
    try:
        with engine.connect() as connection:
            left = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    except DBAPIError as error:
        raise translate_error(error, location.where) from error
    if left[0]:
        raise DatabaseUnusableError(
            f"the database {location.where} was not made, because another program reads it while "
            "it is made; end that program, then start again"
        )


def _link(part: Path, path: Path) -> None:
    """Give a file its name for good; unlike a rename it never replaces another one."""
    os.link(part, path)
    sync_folder(path.parent)
