"""The one writer: a thread that owns the only writing connection and uses group commit.

A commit takes milliseconds, because it waits for the disk; an insert takes microseconds. So
everything that waits in the queue when a commit ends goes into the next transaction. A future
resolves after its commit, in the order of submission. An operation that fails loses only its own
changes. A commit that fails ends all writing, and with it every action of the lab: what cannot
be journaled must not be sent.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import Any, TypeVar

from labloop.errors import DatabaseUnusableError
from labloop.store.engine.chain import seal
from labloop.store.engine.driver_errors import translate_error
from labloop.store.engine.statements import Session

T = TypeVar("T")
GROUP = 256
"""The most operations of one commit."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the writer did so far."""

    commits: int = 0
    operations: int = 0
    seconds_in_commit: float = 0.0
    """Wall seconds in COMMIT, which is the disk's time."""
    seconds_in_operations: float = 0.0
    """Wall seconds between BEGIN and COMMIT, which is labloop's own time."""


@dataclass(slots=True)
class _Job:
    operation: Callable[[Session], Any]
    future: Future[Any] = field(default_factory=Future)
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Runs operations in a thread of its own, which owns the connection of ``session``."""

    def __init__(
        self,
        session: Session,
        begin: str,
        where: str,
        release: Callable[[], None],
        check: Callable[[], None],
    ) -> None:
        """Start the thread.

        Args:
            session: the cursor of the writing connection.
            begin: the statement that opens a transaction.
            where: the database's name in messages.
            release: closes the connection; called by the thread as its last act.
            check: raises where what is written would be lost; called before each transaction.
        """
        self._session = session
        self._begin = begin
        self._where = where
        self._release = release
        self._check = check
        self._fence: Callable[[Session], None] = lambda _: None
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._entry = threading.Lock()
        self._closed = False
        self._broken = ""
        self._statistics = Statistics()
        self._thread = threading.Thread(target=self._serve, name="labloop-writer", daemon=True)
        self._thread.start()

    @property
    def statistics(self) -> Statistics:
        """What was done so far."""
        return self._statistics

    def submit(self, operation: Callable[[Session], T]) -> Future[T]:
        """Queue an operation and return the future of its result.

        The operation may run twice (see ``_run``) and must therefore change nothing but the
        database. The future cannot be cancelled.
        """
        job = _Job(operation)
        job.future.set_running_or_notify_cancel()
        with self._entry:
            if not self._closed:
                self._queue.put(job)
                return job.future
        sentence = f"the database {self._where} was closed; open it again to write"
        job.future.set_exception(DatabaseUnusableError(sentence))
        return job.future

    def fence(self, check: Callable[[Session], None]) -> None:
        """Call ``check`` at the begin of each transaction; where it raises, all writing ends."""
        self._fence = check

    def close(self) -> None:
        """Commit what is queued, then end; calling again does nothing."""
        with self._entry:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _serve(self) -> None:
        try:
            ended = False
            while not ended:
                group, ended = self._next_group()
                if group and self._broken:
                    self._fail(group)
                elif group:
                    self._commit(group)
        finally:
            self._release()

    def _next_group(self) -> tuple[list[_Job], bool]:
        """Return the queued jobs, at least one, and whether the writer is to end after them."""
        job = self._queue.get()
        group: list[_Job] = []
        while job is not None:
            group.append(job)
            if len(group) == GROUP:
                return group, False
            try:
                job = self._queue.get_nowait()
            except Empty:
                return group, False
        return group, True

    def _commit(self, group: list[_Job]) -> None:
        started = perf_counter()
        try:
            self._check()
            self._run(group)
            seal(self._session)
            middle = perf_counter()
            self._session.control("COMMIT")
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may go on unrecorded
            self._break(group, error)
            return
        ended = perf_counter()
        done = self._statistics
        self._statistics = Statistics(
            done.commits + 1,
            done.operations + len(group),
            done.seconds_in_commit + ended - middle,
            done.seconds_in_operations + middle - started,
        )
        for job in group:
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)

    def _run(self, group: list[_Job]) -> None:
        """Run all jobs in a transaction; where one fails, run all again with a savepoint each.

        A savepoint takes as long as an insert, and failures are rare.
        """
        self._session.control(self._begin)
        self._fence(self._session)
        try:
            for job in group:
                job.result = job.operation(self._session)
        except Exception as error:
            translated = translate_error(error, self._where)
            if isinstance(translated, DatabaseUnusableError):
                raise translated from error
            self._roll_back("ROLLBACK")
            self._session.control(self._begin)
            self._fence(self._session)
            for job in group:
                self._run_guarded(job)

    def _run_guarded(self, job: _Job) -> None:
        self._session.control("SAVEPOINT operation")
        links = self._session.links
        try:
            job.result = job.operation(self._session)
        except Exception as error:
            translated = translate_error(error, self._where)
            if isinstance(translated, DatabaseUnusableError):
                raise translated from error
            if translated is not error:
                translated.__cause__ = error
            job.error = translated
            self._roll_back("ROLLBACK TO SAVEPOINT operation", links)
        self._session.control("RELEASE SAVEPOINT operation")

    def _roll_back(self, statement: str, links: int = 0) -> None:
        self._session.forget(links)
        self._session.control(statement)

    def _break(self, group: list[_Job], error: BaseException) -> None:
        """Fail the group, and from now on every later one."""
        translated = translate_error(error, self._where)
        self._broken = (
            f"{translated}; what was not acknowledged before this is not stored, and nothing "
            "more is written until the database is opened again"
        )
        # After a full disk or a lost server there may be no transaction to roll back.
        with suppress(Exception):
            self._roll_back("ROLLBACK")
        self._fail(group)

    def _fail(self, group: list[_Job]) -> None:
        for job in group:
            job.future.set_exception(DatabaseUnusableError(self._broken))
