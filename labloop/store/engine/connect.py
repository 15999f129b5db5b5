"""SQLAlchemy engines whose connections are set up to be safe: durable commits, foreign keys."""

import sqlite3
from importlib.util import find_spec
from typing import Any

from sqlalchemy import Engine, NullPool, QueuePool, create_engine

from labloop.errors import MissingExtraError
from labloop.store.engine.driver_errors import BUSY_SECONDS
from labloop.store.engine.location import Location

APPLICATION_ID = 0x4C_42_4C_50
"""``LBLP`` in the header of the file: this SQLite database is labloop's."""

SYNCHRONOUS = "FULL"
"""A commit is on the disk when it returns; NORMAL would lose the last ones in a power failure."""


def make_engine(location: Location, *, writing: bool, create: bool = False) -> Engine:
    """Return an engine in autocommit mode: its user begins and ends transactions.

    A writing engine opens a new connection for each request; a reading one keeps a pool of
    connections that refuse to write.

    Raises:
        MissingExtraError: PostgreSQL without its driver.
    """
    pool: dict[str, Any] = {"poolclass": NullPool}
    if not writing:
        pool = {"poolclass": QueuePool, "pool_size": 8, "max_overflow": 24}
        # In autocommit mode no transaction is left to roll back.
        pool["pool_reset_on_return"] = None
    if location.path is not None:
        mode = "rwc" if create else "rw"
        return create_engine(
            "sqlite://",
            creator=lambda: _connect_sqlite(location, mode, writing=writing),
            isolation_level="AUTOCOMMIT",
            paramstyle="named",
            **pool,
        )
    if find_spec("psycopg") is None:
        raise MissingExtraError("PostgreSQL", "postgres")
    settings = "-c timezone=UTC -c synchronous_commit=on"
    if not writing:
        settings += " -c default_transaction_read_only=on"
    options = f"{location.url.query.get('options', '')} {settings}".strip()
    return create_engine(
        location.url.update_query_dict({"options": options}),
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": BUSY_SECONDS},
        **pool,
    )


def _connect_sqlite(location: Location, mode: str, *, writing: bool) -> sqlite3.Connection:
    path = location.path
    if path is None:
        raise TypeError("a path was expected")
    uri = path.as_uri()
    # A reader connects with "rw" where it may: only such a connection can clear the WAL away.
    try:
        return _open_sqlite(f"{uri}?mode={mode}", writing=writing)
    except sqlite3.OperationalError:
        if writing:
            raise
        return _open_sqlite(f"{uri}?mode=ro", writing=False)


def _open_sqlite(uri: str, *, writing: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri,
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        # Without recursive triggers INSERT OR REPLACE would delete rows past the guards.
        for pragma in ("foreign_keys=ON", "recursive_triggers=ON", f"synchronous={SYNCHRONOUS}"):
            connection.execute(f"PRAGMA {pragma}")
        if not writing:
            connection.execute("PRAGMA query_only=ON")
        connection.execute("SELECT 1 FROM sqlite_master").fetchall()
    except UnicodeDecodeError as error:
        # The driver fails to decode SQLite's own message about the damage.
        connection.close()
        damaged = sqlite3.DatabaseError("its schema is no text")
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damaged from error
    except sqlite3.Error:
        connection.close()
        raise
    return connection
