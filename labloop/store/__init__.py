"""The database of a lab: one writer, append-only records, SQLite or PostgreSQL."""

from importlib.util import find_spec

from labloop.errors import MissingExtraError

if find_spec("sqlmodel") is None:
    raise MissingExtraError("a database", "store")

from labloop.store._database import Database, open_database
from labloop.store._export import export_campaign
from labloop.store._keep import Verification, backup, verify
from labloop.store._leases import process_ended, process_owner
from labloop.store._platform import process_mark
from labloop.store._writer import Statistics

__all__ = [
    "Database",
    "Statistics",
    "Verification",
    "backup",
    "export_campaign",
    "open_database",
    "process_ended",
    "process_mark",
    "process_owner",
    "verify",
]
