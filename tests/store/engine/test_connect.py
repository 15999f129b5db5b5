"""Connections are set up to be safe, and a missing driver or server is told."""

import pytest

from labloop.errors import DatabaseUnusableError, MissingExtraError
from labloop.store import open_database
from labloop.store.engine import connect


def test_no_driver(monkeypatch):
    """PostgreSQL without its driver is one sentence that names the extra."""
    monkeypatch.setattr(connect, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError, match=r"PostgreSQL needs the extra .postgres."):
        open_database("postgresql://host/lab")


def test_no_server():
    """A server that does not answer is said with its place, without the password."""
    with pytest.raises(DatabaseUnusableError, match=r"anna:\*\*\*@.*cannot be used") as caught:
        open_database("postgresql://anna:secret@localhost:1/lab?host=/nonexistent")
    assert "secret" not in str(caught.value)


def test_settings(real_disk, sqlite):
    """Every connection is set as the guarantees need it."""
    from sqlalchemy import text

    engines = [sqlite.connections.readers, connect.make_engine(sqlite.location, writing=True)]
    for engine in engines:
        with engine.connect() as connection:
            for pragma, value in (
                ("journal_mode", "wal"),
                ("synchronous", 2),
                ("foreign_keys", 1),
                ("recursive_triggers", 1),
                ("busy_timeout", 10_000),
                ("application_id", 0x4C424C50),
            ):
                assert connection.execute(text(f"PRAGMA {pragma}")).scalar_one() == value
