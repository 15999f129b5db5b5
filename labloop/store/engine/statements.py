"""SQLAlchemy Core statements compiled once, and the session that runs them on a bare cursor.

Compiling and executing through SQLAlchemy takes about twenty times as long as SQLite's insert
itself, and an experiment makes about thirty. JSON is passed as text (see ``encode``) and times
as integers, so that no value needs a conversion by SQLAlchemy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Dialect, Executable, Table, insert
from sqlalchemy.sql import ClauseElement

from labloop.errors import NotFoundError
from labloop.store.schema import record_text

Values = Mapping[str, Any]


class Cursor(Protocol):
    """The part of a DB-API cursor (PEP 249) that is used here."""

    @property
    def rowcount(self) -> int:
        """Return how many rows the last statement changed."""
        ...

    def execute(self, sql: str, parameters: Any = ..., /) -> Any:
        """Run one statement."""
        ...

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        """Run one statement once for each set of parameters."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left of the last statement."""
        ...


class Statement:
    """A Core statement that is compiled once for each dialect.

    Values are bound by name; literals of the clause keep their values.
    """

    def __init__(
        self, clause: Executable, columns: Sequence[str] | None = None, suffix: str = ""
    ) -> None:
        if not isinstance(clause, ClauseElement):
            raise TypeError(f"a Core statement was expected, got {type(clause).__name__}")
        self._clause = clause
        self._columns = columns
        self._suffix = suffix
        self._made: dict[str, tuple[str, dict[str, Any]]] = {}

    def text(self, dialect: Dialect) -> tuple[str, dict[str, Any]]:
        """Return the SQL of ``dialect`` and the values of its literals."""
        made = self._made.get(dialect.name)
        if made is None:
            compiled = self._clause.compile(dialect=dialect, column_keys=self._columns)
            literals = {k: v for k, v in compiled.params.items() if v is not None}
            made = self._made[dialect.name] = (f"{compiled}{self._suffix}", literals)
        return made


def insert_into(table: Table) -> Statement:
    """Return the insert of one row; the database gives the sequence."""
    return Statement(insert(table).inline(), _columns(table))


def insert_if_new(table: Table) -> Statement:
    """Return the insert of one row that changes nothing where its key is stored already."""
    return Statement(insert(table).inline(), _columns(table), " ON CONFLICT DO NOTHING")


def insert_for_sequence(table: Table) -> Statement:
    """Return the insert of one row that yields the row's new sequence."""
    return Statement(insert(table).returning(table.c.sequence), _columns(table))


def _columns(table: Table) -> list[str]:
    own = table.autoincrement_column
    return [c.name for c in table.c if c is not own]


@dataclass(frozen=True, slots=True)
class Link:
    """A record that was added, for the chain of its campaign."""

    campaign_id: str
    mode: str
    noun: str
    key: str
    text: str


class Session:
    """Runs statements inside of the transaction that the writer has begun."""

    def __init__(self, cursor: Cursor, dialect: Dialect) -> None:
        self._cursor = cursor
        self._dialect = dialect
        self._modes: dict[str, str] = {}
        self._links: list[Link] = []

    @property
    def dialect(self) -> str:
        """The name of the dialect."""
        return self._dialect.name

    def link(
        self, noun: str, key: object, row: Values, parts: Sequence[Values] = (), *, of: str = ""
    ) -> None:
        """Note a row that was added, so that the commit links it to the chain of its campaign.

        Args:
            noun: its table.
            key: its id or sequence.
            row: its columns.
            parts: the rows that belong to it.
            of: the campaign, where the row does not name it.
        """
        text = record_text(noun, str(key), row, parts)
        self._links.append(Link(of or row["campaign_id"], row["mode"], noun, str(key), text))

    def take_links(self) -> list[Link]:
        """Return the rows that were added since this was asked last."""
        taken, self._links = self._links, []
        return taken

    def run(self, statement: Statement, values: Values | None = None) -> int:
        """Execute and return the number of rows it changed."""
        self._execute(statement, values)
        return self._cursor.rowcount

    def many(self, statement: Statement, rows: Sequence[Values]) -> None:
        """Execute once a row."""
        if rows:
            self._cursor.executemany(statement.text(self._dialect)[0], rows)

    def rows(self, statement: Statement, values: Values | None = None) -> list[tuple[Any, ...]]:
        """Execute and return all rows."""
        self._execute(statement, values)
        return self._cursor.fetchall()

    def one(self, statement: Statement, values: Values | None = None) -> tuple[Any, ...] | None:
        """Execute and return the first row, or None."""
        rows = self.rows(statement, values)
        return rows[0] if rows else None

    def serialize(self, key: int) -> None:
        """Let no other process in between until the commit; SQLite lets nobody anyway.

        Several rows can then be changed in any order without a deadlock.
        """
        if self._dialect.name == "postgresql":
            self._cursor.execute("SELECT pg_advisory_xact_lock(%(key)s)", {"key": key})

    def mode_of(self, campaign_id: str, statement: Statement) -> str:
        """Return the mode of a campaign, which never changes; raises NotFoundError."""
        mode = self._modes.get(campaign_id)
        if mode is None:
            row = self.one(statement, {"id": campaign_id})
            if row is None:
                raise NotFoundError(
                    f"no campaign has the id {campaign_id!r}; create it before its records"
                )
            mode = self._modes[campaign_id] = str(row[0])
        return mode

    @property
    def links(self) -> int:
        """How many rows were added."""
        return len(self._links)

    def forget(self, links: int = 0) -> None:
        """Clear the cache of modes after a rollback, and all but the first ``links`` rows."""
        self._modes.clear()
        del self._links[links:]

    def control(self, sql: str) -> None:
        """Execute BEGIN, COMMIT, ROLLBACK or a SAVEPOINT."""
        self._cursor.execute(sql)

    def _execute(self, statement: Statement, values: Values | None) -> None:
        sql, literals = statement.text(self._dialect)
        self._cursor.execute(sql, {**literals, **(values or {})} if literals else (values or {}))
