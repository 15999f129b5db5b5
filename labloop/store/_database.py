"""An open database: the repositories over one writer and a pool of readers."""

import weakref
from contextlib import suppress
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from labloop.errors import LabloopError
from labloop.records import Handover, watchdog_notes
from labloop.store.engine import (
    FileIdentity,
    Location,
    Session,
    Statistics,
    Writer,
    check_location,
    check_to_read,
    copy_before,
    copy_sqlite,
    create_file,
    make_engine,
    prepare_to_write,
    resolve_location,
    schema_of,
    translate_error,
)
from labloop.store.repositories import (
    ArrayStore,
    Connections,
    SqlAlarms,
    SqlCalibrations,
    SqlCampaigns,
    SqlCommands,
    SqlExperiments,
    SqlJournal,
    SqlLeases,
    SqlRounds,
    SqlSamples,
    SqlSchedules,
    SqlStock,
    notes_folder,
    take_in_notes,
)
from labloop.store.schema import HEAD


class Database:
    """An open database; see the port ``Repositories``. Close it, or use it in a ``with``."""

    def __init__(self, location: Location, db: Connections) -> None:
        self.location = location
        self.connections = db
        self.campaigns = SqlCampaigns(db)
        self.rounds = SqlRounds(db)
        self.experiments = SqlExperiments(db)
        self.journal = SqlJournal(db)
        self.commands = SqlCommands(db)
        self.leases = SqlLeases(db)
        self.alarms = SqlAlarms(db)
        self.calibrations = SqlCalibrations(db)
        self.stock = SqlStock(db)
        self.samples = SqlSamples(db)
        self.schedules = SqlSchedules(db)
        # Runs at the end of the program as well, so that queued writes are committed.
        self._end = weakref.finalize(self, _close, db)

    @property
    def url(self) -> str:
        """Where the records lie, without password."""
        return self.location.shown

    @property
    def typed(self) -> str | None:
        """The argument of ``--db``; None where it would show a password."""
        return self.location.typed

    @property
    def handover(self) -> Handover:
        """Where a process leaves notes that may not open the database."""
        url = self.location.url.render_as_string(hide_password=False)
        files = str(self.location.files)
        return Handover(
            folder=notes_folder(self.location.files),
            program=("-c", "from labloop.store import open_database; open_database(create=False)"),
            environment={"LABLOOP_DB": url, "LABLOOP_FILES": files},
        )

    @property
    def read_only(self) -> bool:
        """Whether every write is refused."""
        return self.connections.writer is None

    def statistics(self) -> Statistics:
        """Return what the writer did so far."""
        return self.connections.writer.statistics if self.connections.writer else Statistics()

    def close(self) -> None:
        """Finish what is queued and close every connection; closing again does nothing."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_database(
    url_or_path: str | PathLike[str] | None = None, *, create: bool = True, read_only: bool = False
) -> Database:
    """Open a database, creating or migrating it where needed.

    What a watchdog process left beside it is taken in first.

    Args:
        url_or_path: a path, ``sqlite:///path`` or ``postgresql://...``; None is the variable
            ``LABLOOP_DB``, else ``./labloop.db``.
        create: whether a missing database is made.
        read_only: never creates, never migrates, refuses every write.

    Raises:
        DatabaseUnusableError: it is missing, locked, foreign, newer, damaged, or on a full disk.
        MissingExtraError: PostgreSQL without its driver.
    """
    location = resolve_location(url_or_path)
    notes = notes_folder(location.files)
    if read_only and watchdog_notes(notes):
        with suppress(LabloopError):
            open_database(url_or_path, create=False).close()
    create = create and not read_only
    check_location(location, create=create)
    if create:
        create_file(location)
    readers = make_engine(location, writing=False)
    try:
        if read_only:
            check_to_read(readers, location)
            writer = None
        else:
            writer = _start_writer(make_engine(location, writing=True, create=create), location)
    except BaseException:
        readers.dispose()
        raise
    database = Database(
        location, Connections(readers, writer, ArrayStore(location.files), location.where)
    )
    if writer is not None:
        take_in_notes(database, notes)
    return database


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade found and did.

    Attributes:
        where: the database, without password.
        before: its schema when it was opened.
        after: its schema now; the same where there was nothing to do.
        copy: a copy of the older one; None where none was made (PostgreSQL, nothing to do).
    """

    where: str
    before: str
    after: str
    copy: Path | None = None


def upgrade(url_or_path: str | PathLike[str] | None = None) -> Upgrade:
    """Bring an existing database to the newest schema, with a copy of it before.

    Raises:
        DatabaseUnusableError: it is missing, empty, foreign, newer, locked or damaged, or the
            upgrade failed; then it is as it was before.
    """
    location = resolve_location(url_or_path)
    check_location(location, create=False)
    engine = make_engine(location, writing=False)
    try:
        before = schema_of(engine, location)
    finally:
        engine.dispose()
    open_database(url_or_path, create=False).close()
    changed = before != HEAD and location.path is not None
    copy = copy_before(location, before) if changed else None
    return Upgrade(location.shown, before, HEAD, copy)


def _start_writer(engine: Engine, location: Location) -> Writer:
    prepare_to_write(engine, location)
    try:
        pooled = engine.raw_connection()
    except (DBAPIError, engine.dialect.loaded_dbapi.Error) as error:
        # SQLAlchemy passes on the driver's own error here.
        raise translate_error(error, location.where) from error
    bare: Any = pooled.driver_connection
    session = Session(bare.cursor(), engine.dialect)
    if location.path is None:
        return Writer(session, "BEGIN", location.where, pooled.close, lambda: None)
    identity = FileIdentity(location.path)

    def check() -> None:
        identity.check(lambda copy: copy_sqlite(bare.execute, copy))

    return Writer(session, "BEGIN IMMEDIATE", location.where, pooled.close, check)


def _close(db: Connections) -> None:
    if db.writer is not None:
        db.writer.close()
    db.readers.dispose()
