"""Opening: what cannot be used is said in one sentence, and nothing is half written."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop.errors import DatabaseUnusableError, MissingExtraError
from labloop.store import open_database
from labloop.store.engine import connect, opening
from labloop.store.engine.location import resolve_location


def names(folder: Path) -> list[str]:
    """Return what lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_default_place(tmp_path, monkeypatch):
    """Without a path it is LABLOOP_DB, else labloop.db here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LABLOOP_DB", raising=False)
    with open_database(None) as database:
        assert database.url == f"sqlite:///{(tmp_path / 'labloop.db').as_posix()}"
    monkeypatch.setenv("LABLOOP_DB", "sqlite:///other.db")
    with open_database(None):
        assert (tmp_path / "other.db").exists()


def test_password_is_hidden():
    """The place that is shown has no password."""
    shown = resolve_location("postgresql://anna:secret@host/lab").shown
    assert "secret" not in shown
    assert shown.startswith("postgresql://anna:***@host/lab")


def test_odd_path(tmp_path):
    """Blanks, percent signs, question marks and umlauts in a path are no URL's business."""
    path = tmp_path / "my lab 100% ?ä#.db"
    with open_database(str(path)) as database:
        database.campaigns.create(campaign(), bundle()).result()
    assert path.exists()
    with open_database(path, read_only=True) as database:
        assert len(database.campaigns.all()) == 1


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


@pytest.mark.parametrize("given", ["mysql://host/lab", "labloop://x", "sqlite://", ":memory:"])
def test_other_urls(given):
    """Only a path, SQLite and PostgreSQL are understood."""
    with pytest.raises(DatabaseUnusableError, match=r"give (one of these|the path of a file)"):
        open_database(given)


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
