"""Opening: what cannot be used is said in one sentence, and nothing is half written."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import event
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop.errors import DatabaseUnusableError
from labloop.store import open_database
from labloop.store.engine import connect


def names(folder: Path) -> list[str]:
    """Return what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_up_to_date_needs_no_alembic(tmp_path):
    """A database that is new or up to date is opened without Alembic."""
    code = (
        "import sys\nfrom labloop.store import open_database\n"
        f"for _ in range(2): open_database({str(tmp_path / 'lab.db')!r}).close()\n"
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_import_is_light():
    """Importing labloop and its records brings no database along."""
    code = "import labloop, labloop.records, sys; sys.exit('sqlalchemy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("read_only", [False, True])
def test_not_a_database(tmp_path, read_only):
    """A file of another kind stays as it is."""
    path = tmp_path / "notes.txt"
    path.write_text("my notes, longer than the sixteen bytes of the magic")
    with pytest.raises(DatabaseUnusableError, match=r"notes.txt is not an SQLite database"):
        open_database(str(path), read_only=read_only)
    assert names(tmp_path) == ["notes.txt"]
    assert path.read_text().startswith("my notes")


@pytest.mark.parametrize("read_only", [False, True])
def test_foreign(tmp_path, read_only):
    """Another program's SQLite database stays as it is, to the byte."""
    path = tmp_path / "photos.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE photo (id INTEGER)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(DatabaseUnusableError, match=r"belongs to another program .it holds photo."):
        open_database(str(path), read_only=read_only)
    assert path.read_bytes() == before
    assert names(tmp_path) == ["photos.db"]


def test_foreign_mark(tmp_path):
    """An empty database with another program's mark is not taken over."""
    path = tmp_path / "empty.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA application_id=252006673")
    connection.close()
    with pytest.raises(DatabaseUnusableError, match="belongs to another program"):
        open_database(str(path))


@pytest.mark.pg
def test_foreign_schema(pg_url):
    """A PostgreSQL schema that holds other tables is not taken over."""
    from sqlalchemy import text

    from labloop.store.engine.location import resolve_location as place

    with connect.make_engine(place(pg_url), writing=True).connect() as connection:
        connection.execute(text("CREATE TABLE photo (id INTEGER)"))
    with pytest.raises(DatabaseUnusableError, match="belongs to another program"):
        open_database(pg_url)


def test_newer(url, database):
    """A schema of a newer labloop is refused and not touched."""
    database.close()
    from sqlalchemy import text

    with connect.make_engine(database.location, writing=True).connect() as connection:
        connection.execute(text("UPDATE labloop_revision SET version_num = '9999'"))
    for read_only in (False, True):
        with pytest.raises(DatabaseUnusableError, match=r"newer labloop .schema 9999.*update"):
            open_database(url, read_only=read_only)


def test_no_folder(tmp_path):
    """A folder that is missing, or a path that is a folder, is said."""
    with pytest.raises(DatabaseUnusableError, match=r"folder .* does not exist; create it first"):
        open_database(str(tmp_path / "no" / "lab.db"))
    with pytest.raises(DatabaseUnusableError, match="is a folder; give the path of a database"):
        open_database(str(tmp_path))


def test_not_writable(tmp_path, monkeypatch):
    """A folder without the right to write is said before anything is tried."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(DatabaseUnusableError, match="is not writable"):
        open_database(str(tmp_path / "lab.db"))


@pytest.mark.parametrize("options", [{"read_only": True}, {"create": False}])
def test_never_created(tmp_path, options):
    """Looking at a database that is not there makes none."""
    with pytest.raises(DatabaseUnusableError, match="there is no database at"):
        open_database(str(tmp_path / "lab.db"), **options)
    assert names(tmp_path) == []


def test_read_only(url, database):
    """Read only sees what others write and writes nothing."""
    database.campaigns.create(campaign(), bundle()).result()
    with open_database(url, read_only=True) as reader:
        assert reader.read_only
        database.experiments.add(experiment()).result()
        assert len(reader.experiments.all(CAMPAIGN)) == 1
        with pytest.raises(DatabaseUnusableError, match="opened to read only"):
            reader.experiments.add(experiment(2)).result()
        assert reader.statistics().commits == 0


def test_read_only_empty(tmp_path):
    """An empty file is said to be empty and stays so."""
    path = tmp_path / "lab.db"
    path.touch()
    with pytest.raises(DatabaseUnusableError, match="is empty"):
        open_database(str(path), read_only=True)
    assert path.stat().st_size == 0


def test_locked(tmp_path, monkeypatch):
    """A database that another program keeps locked is said after the time-out."""
    monkeypatch.setattr(connect, "BUSY_SECONDS", 0.2)
    path = tmp_path / "lab.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseUnusableError, match="locked by another program"):
        open_database(str(path))
    other.close()


def test_damaged(tmp_path):
    """A damaged database is said, at the open or at the first read, never passed over."""
    path = tmp_path / "lab.db"
    with open_database(str(path)) as database:
        database.campaigns.create(campaign(), bundle()).result()
        for number in range(1, 80):
            database.experiments.add(experiment(number, reason="x" * 500))
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = os.urandom(200)
    path.write_bytes(bytes(content))

    def look() -> None:
        with open_database(str(path), read_only=True) as opened:
            opened.experiments.all(CAMPAIGN)

    with pytest.raises(DatabaseUnusableError, match="is damaged; restore a backup"):
        look()


@pytest.mark.pg
def test_server_gone_in_the_midst_of_opening(pg_url, monkeypatch):
    """A server that goes away after the schema was looked at is told in a sentence as well."""
    from labloop.store import _database

    def gone(engine, _location) -> None:
        """Let every later connection go where no server is."""

        @event.listens_for(engine, "do_connect")
        def elsewhere(_dialect, _record, words, named) -> None:
            words[:] = []
            named.clear()
            named["host"] = "/nowhere"

        engine.dispose()

    open_database(pg_url).close()
    monkeypatch.setattr(_database, "prepare_to_write", gone)
    with pytest.raises(DatabaseUnusableError, match="check that its server runs"):
        open_database(pg_url)
