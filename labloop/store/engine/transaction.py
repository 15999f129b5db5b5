"""One transaction that no other writer can enter."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from labloop.store.engine.connect import APPLICATION_ID


@contextmanager
def exclusive_transaction(connection: Connection) -> Iterator[None]:
    """Run one transaction on an autocommit connection while every other writer waits.

    SQLite's ``BEGIN IMMEDIATE`` takes the write lock at once; PostgreSQL takes an advisory lock.
    """
    sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "BEGIN")
    try:
        if not sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION_ID})")
        yield
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        with suppress(DBAPIError):
            connection.exec_driver_sql("ROLLBACK")
        raise
