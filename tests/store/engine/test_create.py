"""A new database appears complete or not at all, and never replaces another one."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection
from store_samples import CAMPAIGN

from labloop.errors import DatabaseUnusableError
from labloop.store import open_database
from labloop.store.engine import connect, opening


def names(folder: Path) -> list[str]:
    """Return what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_created_whole_or_not(tmp_path, monkeypatch):
    """Where there is no room for a new database, no file is left behind."""
    whole = connect._open_sqlite

    def small(uri: str, *, writing: bool) -> sqlite3.Connection:
        connection = whole(uri, writing=writing)
        connection.execute("PRAGMA max_page_count=20")
        return connection

    monkeypatch.setattr(connect, "_open_sqlite", small)
    with pytest.raises(DatabaseUnusableError, match="the disk is full"):
        open_database(str(tmp_path / "lab.db"))
    assert names(tmp_path) == []


def test_put_in_its_place_only_when_all_of_it_is_in_the_file(tmp_path, monkeypatch):
    """What is still in the log when a new database is made does not get lost with the log."""
    whole = connect._open_sqlite
    readers = []

    def held(uri: str, *, writing: bool) -> sqlite3.Connection:
        connection = whole(uri, writing=writing)
        if not readers:  # a reader of the first moment keeps the log from being emptied
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA busy_timeout=100")
            readers.append(sqlite3.connect(uri, uri=True, isolation_level=None))
            readers[0].execute("BEGIN")
            readers[0].execute("SELECT * FROM sqlite_master").fetchall()
        else:
            connection.execute("PRAGMA busy_timeout=100")
        return connection

    monkeypatch.setattr(connect, "_open_sqlite", held)
    with pytest.raises(DatabaseUnusableError, match="was not made"):
        open_database(str(tmp_path / "lab.db"))
    readers[0].close()
    assert names(tmp_path) == []


CREATE = """
import sys
sys.path.insert(0, sys.argv[2])
from store_samples import bundle, campaign
from labloop.store import open_database
with open_database(sys.argv[1]) as database:
    database.campaigns.create(campaign(), bundle()).result()
"""


def test_a_creation_that_fails_harms_no_other(tmp_path, monkeypatch):
    """Where another process makes its database meanwhile, ours is given up and theirs stays."""
    path = tmp_path / "lab.db"

    def meanwhile(connection: object) -> None:
        here = str(Path(__file__).parents[1])
        subprocess.run([sys.executable, "-c", CREATE, str(path), here], check=True)
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(opening, "create_all", meanwhile)
    with pytest.raises(sqlite3.OperationalError):
        open_database(path)
    monkeypatch.undo()
    assert names(tmp_path) == ["lab.db"]
    with open_database(path) as database:
        assert [c.id for c in database.campaigns.all()] == [CAMPAIGN]


def test_a_slower_creation_takes_the_quicker_one(tmp_path, monkeypatch):
    """Two processes that create at once: the second finds what the first has stored."""
    path = tmp_path / "lab.db"
    whole = opening.create_all

    def meanwhile(connection: Connection) -> None:
        if not path.exists():
            here = str(Path(__file__).parents[1])
            subprocess.run([sys.executable, "-c", CREATE, str(path), here], check=True)
        whole(connection)

    monkeypatch.setattr(opening, "create_all", meanwhile)
    with open_database(path) as database:
        assert [c.id for c in database.campaigns.all()] == [CAMPAIGN]
    assert names(tmp_path) == ["lab.db"]


def test_made_in_place_without_hard_links(tmp_path, monkeypatch):
    """A file system that knows no hard links gets its database all the same."""

    def refuse(*_: object) -> None:
        raise OSError("not supported")

    monkeypatch.setattr(os, "link", refuse)
    with open_database(tmp_path / "lab.db") as database:
        assert database.campaigns.all() == []
    assert names(tmp_path) == ["lab.db"]


def test_crashed_creation(tmp_path):
    """An empty database that a killed creation left is completed."""
    path = tmp_path / "lab.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    assert Path(path).stat().st_size > 0
    with open_database(str(path)) as database:
        assert database.campaigns.all() == []
