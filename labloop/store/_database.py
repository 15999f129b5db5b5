"""The database: one repository a noun over one writer and many readers."""

import weakref
from os import PathLike
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from labloop.store.engine import (
    FileIdentity,
    Statistics,
    Target,
    Work,
    Writer,
    check_place,
    check_to_read,
    copy_sqlite,
    create_file,
    make_engine,
    prepare_to_write,
    resolve,
    translate,
)
from labloop.store.repositories import (
    ArrayStore,
    Core,
    SqlAlarms,
    SqlCampaigns,
    SqlCommands,
    SqlExperiments,
    SqlJournal,
    SqlLeases,
    SqlRounds,
)


class Database:
    """An open database; see the port ``Repositories``. Close it, or use it in a ``with``."""

    def __init__(self, target: Target, core: Core) -> None:
        self.target = target
        self.core = core
        self.campaigns = SqlCampaigns(core)
        self.rounds = SqlRounds(core)
        self.experiments = SqlExperiments(core)
        self.journal = SqlJournal(core)
        self.commands = SqlCommands(core)
        self.leases = SqlLeases(core)
        self.alarms = SqlAlarms(core)
        # Also at the end of the program: what was queued is committed.
        self._end = weakref.finalize(self, _close, core)

    @property
    def url(self) -> str:
        """Where the records lie, without password."""
        return self.target.shown

    @property
    def typed(self) -> str | None:
        """What names the records in a command; None where a password would have to be shown."""
        return self.target.typed

    @property
    def read_only(self) -> bool:
        """Whether every write is refused."""
        return self.core.writer is None

    def statistics(self) -> Statistics:
        """Return what the writer did so far."""
        return self.core.writer.statistics if self.core.writer else Statistics()

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

    Args:
        url_or_path: a path, ``sqlite:///path`` or ``postgresql://...``; None is the variable
            ``LABLOOP_DB``, else ``./labloop.db``.
        create: whether a missing database is made.
        read_only: never creates, never migrates, refuses every write.

    Raises:
        DatabaseUnusableError: it is missing, locked, foreign, newer, damaged, or on a full disk.
        MissingExtraError: PostgreSQL without its driver.
    """
    target = resolve(url_or_path)
    create = create and not read_only
    check_place(target, create=create)
    if create:
        create_file(target)
    readers = make_engine(target, writing=False)
    try:
        if read_only:
            check_to_read(readers, target)
            writer = None
        else:
            writer = _start_writer(make_engine(target, writing=True, create=create), target)
    except BaseException:
        readers.dispose()
        raise
    return Database(target, Core(readers, writer, ArrayStore(target.files), target.where))


def _start_writer(engine: Engine, target: Target) -> Writer:
    prepare_to_write(engine, target)
    try:
        pooled = engine.raw_connection()
    except DBAPIError as error:
        raise translate(error, target.where) from error
    bare: Any = pooled.driver_connection
    work = Work(bare.cursor(), engine.dialect)
    if target.path is None:
        return Writer(work, "BEGIN", target.where, pooled.close, lambda: None)
    identity = FileIdentity(target.path)

    def check() -> None:
        identity.check(lambda copy: copy_sqlite(bare.execute, copy))

    return Writer(work, "BEGIN IMMEDIATE", target.where, pooled.close, check)


def _close(core: Core) -> None:
    if core.writer is not None:
        core.writer.close()
    core.readers.dispose()
