"""Creates an SQLite database under a temporary name and links it to its final one when complete."""

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
    """Create a database where there is none; one that another process has made is left alone.

    After a failure only the temporary files are removed, never the file of the final name.

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
    """Move the content of the write-ahead log into the file, because only the file is linked.

    SQLite does so itself at the last close, but says nothing when the disk is full.
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
    """Give a file its final name; unlike a rename this never replaces another file."""
    os.link(part, path)
    sync_folder(path.parent)
