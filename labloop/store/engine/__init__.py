"""The database below the records: connections, the one writer, opening and migrating."""

from labloop.store.engine.connect import make_engine
from labloop.store.engine.copy import copy_sqlite
from labloop.store.engine.create import create_file
from labloop.store.engine.failures import translate
from labloop.store.engine.identity import FileIdentity
from labloop.store.engine.opening import check_place, check_to_read, prepare_to_write
from labloop.store.engine.platform import process_mark, sync_folder
from labloop.store.engine.statements import (
    Prepared,
    Work,
    insert_for_sequence,
    insert_if_new,
    insert_into,
)
from labloop.store.engine.target import Target, resolve
from labloop.store.engine.writer import Statistics, Writer

__all__ = [
    "FileIdentity",
    "Prepared",
    "Statistics",
    "Target",
    "Work",
    "Writer",
    "check_place",
    "check_to_read",
    "copy_sqlite",
    "create_file",
    "insert_for_sequence",
    "insert_if_new",
    "insert_into",
    "make_engine",
    "prepare_to_write",
    "process_mark",
    "resolve",
    "sync_folder",
    "translate",
]
