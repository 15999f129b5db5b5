"""SQLAlchemy engines and the one writer: everything below the records themselves.

``location.py`` says where a database is, ``opening.py`` creates, checks and migrates it,
``connect.py`` makes engines, ``writer.py`` (read it first) commits in groups, ``chain.py`` links
what was added to all before it. What is written
belongs to ``repositories``; which tables there are to ``schema``.
"""

from labloop.store.engine.chain import chain_lines, head_of, is_linked, unlinked
from labloop.store.engine.connect import make_engine
from labloop.store.engine.copy import copy_sqlite
from labloop.store.engine.create import create_file
from labloop.store.engine.driver_errors import translate_error
from labloop.store.engine.file_identity import FileIdentity
from labloop.store.engine.location import Location, copy_before, resolve_location
from labloop.store.engine.opening import check_location, check_to_read, prepare_to_write, schema_of
from labloop.store.engine.platform import sync_folder
from labloop.store.engine.statements import (
    Session,
    Statement,
    insert_for_sequence,
    insert_if_new,
    insert_into,
)
from labloop.store.engine.writer import Statistics, Writer

__all__ = [
    "FileIdentity",
    "Location",
    "Session",
    "Statement",
    "Statistics",
    "Writer",
    "chain_lines",
    "check_location",
    "check_to_read",
    "copy_before",
    "copy_sqlite",
    "create_file",
    "head_of",
    "insert_for_sequence",
    "insert_if_new",
    "insert_into",
    "is_linked",
    "make_engine",
    "prepare_to_write",
    "resolve_location",
    "schema_of",
    "sync_folder",
    "translate_error",
    "unlinked",
]
