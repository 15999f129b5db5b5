"""Translates the errors of both database drivers into those of labloop."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from labloop.errors import (
    AppendOnlyError,
    DatabaseUnusableError,
    LabloopError,
    NotFoundError,
    StaleStateError,
    StoreError,
)
from labloop.store.schema import Refusal

BUSY_SECONDS = 10
"""How long a connection waits for another program's lock."""


def translate_error(error: BaseException, where: str) -> LabloopError:
    """Return ``error`` as an error of labloop; ``where`` names the database."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig
    if isinstance(error, LabloopError):
        return error
    message = " ".join(str(error).split())
    refused = _refusal(message)
    if refused:
        return refused
    if isinstance(error, sqlite3.Error):
        return _from_sqlite(error, message, where)
    if isinstance(error, OverflowError):
        return StoreError(f"a number does not fit into 64 bits: {message}")
    return _from_postgresql(error, message, where)


def _refusal(message: str) -> LabloopError | None:
    for begin, kind in (
        (Refusal.APPEND_ONLY, AppendOnlyError),
        (Refusal.STALE_STATE, StaleStateError),
    ):
        if message.startswith(begin):
            sentence = message.split("CONTEXT:", maxsplit=1)[0].strip()
            return kind(f"{sentence}; add a new row that supersedes it instead")
    return None


def _from_sqlite(error: sqlite3.Error, message: str, where: str) -> LabloopError:
    # The low byte is the code of the family, whatever the version of SQLite adds to it.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    unusable = {
        sqlite3.SQLITE_BUSY: f"is locked by another program for longer than {BUSY_SECONDS} s; "
        "end that program or wait for it, then start again",
        sqlite3.SQLITE_LOCKED: "is locked inside of this program; close its other transactions",
        sqlite3.SQLITE_FULL: "cannot grow: the disk is full; free some space, then start again, "
        "nothing that was acknowledged is lost",
        sqlite3.SQLITE_NOTADB: "is not an SQLite database; give the path of another file",
        sqlite3.SQLITE_CORRUPT: "is damaged; restore a backup, or rescue what can be read with: "
        "sqlite3 FILE .recover",
        sqlite3.SQLITE_READONLY: "cannot be written; check the rights on the file and its folder",
        sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that the file and its folder exist and "
        "may be read and written",
        sqlite3.SQLITE_IOERR: "cannot be read or written (the disk reports an error); check the "
        "disk, then start again",
    }
    if code in unusable:
        return DatabaseUnusableError(f"the database {where} {unusable[code]} ({message})")
    if "FOREIGN KEY" in message:
        return NotFoundError(
            "a record names a campaign, experiment or intent that is not stored, or is stored in "
            "the other mode; store that first"
        )
    # The last two are values of a kind that SQLite does not know.
    if isinstance(
        error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError
    ):
        return _not_allowed(message)
    return DatabaseUnusableError(f"the database {where} refused a statement: {message}")


def _from_postgresql(error: BaseException, message: str, where: str) -> LabloopError:
    state = str(getattr(error, "sqlstate", None) or "")
    if state == "23503":
        return NotFoundError(
            "a record names a campaign, experiment or intent that is not stored, or is stored in "
            "the other mode; store that first"
        )
    unknown_kind = not state and type(error).__name__ in {"DataError", "ProgrammingError"}
    if unknown_kind or state.startswith(("22", "23")):
        return _not_allowed(message)
    if type(error).__module__.startswith(("psycopg", "sqlalchemy")):
        return DatabaseUnusableError(
            f"the database {where} cannot be used: {message}; check that its server runs and has "
            "space, then start again"
        )
    return StoreError(f"a record cannot be stored: {type(error).__name__}: {message}")


def _not_allowed(message: str) -> LabloopError:
    lowered = message.lower()
    if "unique" in lowered:
        return StaleStateError(f"this was stored before ({message}); read it instead")
    return StoreError(f"a value is not allowed ({message}); correct it, nothing was stored")
