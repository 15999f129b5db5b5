"""Databases for the tests of the store: SQLite always, PostgreSQL where there is a server."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labloop.store import Database, open_database
from labloop.store.engine import connect as _connect

# Tests are imported one by one, so what they share must be found by its name.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def real_disk() -> None:
    """Asked for by tests in which a commit must reach the disk."""


@pytest.fixture(autouse=True)
def quick_disk(request, monkeypatch) -> None:
    """Let commits of SQLite not wait for the disk, which most tests would only pay for."""
    if "real_disk" not in request.fixturenames:
        monkeypatch.setattr(_connect, "SYNCHRONOUS", "OFF")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.pg)])
def url(request, tmp_path) -> str:
    """A database that does not exist yet (SQLite) or is empty (PostgreSQL)."""
    if request.param == "sqlite":
        return str(tmp_path / "lab.db")
    return request.getfixturevalue("pg_url")


@pytest.fixture
def database(url) -> Iterator[Database]:
    """An open, empty database of each dialect."""
    with open_database(url) as opened:
        yield opened


@pytest.fixture
def sqlite(tmp_path) -> Iterator[Database]:
    """An open, empty SQLite database."""
    with open_database(str(tmp_path / "lab.db")) as opened:
        yield opened


@pytest.fixture
def filled(database) -> Database:
    """A database with one campaign and one planned experiment."""
    from store_samples import bundle, campaign, experiment

    database.campaigns.create(campaign(), bundle()).result()
    database.experiments.add(experiment()).result()
    return database
