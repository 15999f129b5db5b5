"""What every repository uses: the one writer, the pool of readers, the store of arrays."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Engine, Executable, bindparam, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from labloop.errors import DatabaseUnusableError, LabloopError
from labloop.store.engine import Session, Statement, Writer, translate_error
from labloop.store.repositories.arrays import ArrayStore
from labloop.store.schema import CampaignRow, table_of

T = TypeVar("T")
_CAMPAIGN = table_of(CampaignRow)
_MODE = Statement(select(_CAMPAIGN.c.mode).where(_CAMPAIGN.c.id == bindparam("id")))


class Connections:
    """The connections of one open database, as the repositories use them."""

    def __init__(
        self, readers: Engine, writer: Writer | None, arrays: ArrayStore, where: str
    ) -> None:
        """Join the parts; ``writer`` is None for a database opened to read only."""
        self.readers = readers
        self.writer = writer
        self.arrays = arrays
        self.where = where

    def rows(
        self, statement: Executable, values: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Return all rows of a select, on a connection that cannot write."""
        try:
            with self.readers.connect() as connection:
                result = connection.execute(statement, values or {})
                names = tuple(result.keys())
                return [dict(zip(names, row, strict=True)) for row in result]
        except DBAPIError as error:
            raise translate_error(error, self.where) from error
        except ValueError as error:
            raise DatabaseUnusableError(
                f"the database {self.where} is damaged: a row cannot be read ({error}); "
                "restore a backup"
            ) from error
        except PoolTimeout as error:
            raise DatabaseUnusableError(
                f"too many threads read the database {self.where} at once: {error}"
            ) from error

    def one(
        self, statement: Executable, values: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """Return the first row of a select, or None."""
        rows = self.rows(statement, values)
        return rows[0] if rows else None

    def submit(self, operation: Callable[[Session], T]) -> Future[T]:
        """Queue a write; refused with a sentence where the database is open to read only."""
        if self.writer is None:
            return failed(
                DatabaseUnusableError(
                    f"the database {self.where} was opened to read only; open it without "
                    "read_only to write"
                )
            )
        return self.writer.submit(operation)

    def fence(self, check: Callable[[Session], None]) -> None:
        """Call ``check`` at the begin of each write; where it raises, nothing more is written."""
        if self.writer is not None:
            self.writer.fence(check)

    def prepared(self, prepare: Callable[[], Callable[[Session], T]]) -> Future[T]:
        """Call ``prepare`` in this thread, then queue the operation that it returns.

        ``prepare`` turns values into columns; where one cannot be stored, the future fails.
        """
        try:
            return self.submit(prepare())
        except LabloopError as error:
            return failed(error)


def mode_of(session: Session, campaign_id: str) -> str:
    """Return the mode of a campaign; raises NotFoundError."""
    return session.mode_of(campaign_id, _MODE)


def failed(error: Exception) -> Future[Any]:
    """Return a future that has failed already."""
    future: Future[Any] = Future()
    future.set_exception(error)
    return future
