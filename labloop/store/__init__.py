"""The database: append-only records in SQLite or PostgreSQL, written by one thread.

Read ``_database.py`` first. Below it stand ``repositories`` (one a noun), ``engine`` (connections
and the writer) and ``schema`` (tables and what they refuse); ``export`` takes records out. What
the records mean belongs to ``labloop.records``, when they are written to ``labloop.campaign``.
"""

from importlib.util import find_spec

from labloop.errors import MissingExtraError
from labloop.processes import process_mark

if find_spec("sqlmodel") is None:
    raise MissingExtraError("a database", "store")

from labloop.store._database import Database, Upgrade, open_database, upgrade
from labloop.store.engine import Statistics
from labloop.store.export import (
    Archive,
    Verification,
    backup,
    export_campaign,
    verify,
    write_archive,
)
from labloop.store.repositories import process_ended, process_owner

__all__ = [
    "Archive",
    "Database",
    "Statistics",
    "Upgrade",
    "Verification",
    "backup",
    "export_campaign",
    "open_database",
    "process_ended",
    "process_mark",
    "process_owner",
    "upgrade",
    "verify",
    "write_archive",
]
