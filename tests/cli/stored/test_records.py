"""``labloop archive`` and ``labloop db``: records are kept, checked and brought up to date."""

import shutil
import sqlite3
import zipfile
from pathlib import Path

from labloop.store.engine.connect import APPLICATION_ID
from labloop.store.schema.version import HEAD, REVISIONS

GOLDEN = Path(__file__).parents[2] / "store" / "golden"


def test_an_archive_with_its_report(ran):
    """One verb, one file; what to type next is told."""
    said = ran.ok("archive", "tiny")
    with zipfile.ZipFile(ran.folder / "archive-tiny.zip") as file:
        assert {"report.html", "verify.py", "source/campaign.py"} <= set(file.namelist())
    assert "python verify.py archive-tiny.zip" in said
    assert "no campaign is called" in ran.refused("archive", "nobody")
    (ran.folder / "x").mkdir()
    assert "is a folder; name a file in it" in ran.refused("archive", "tiny", "--out", "x")


def test_a_backup_is_verified(ran):
    """The copy opens and is whole; nothing is overwritten."""
    assert "nothing was changed" in ran.ok("db", "backup", "copy.db")
    assert "tiny" in ran.ok("campaigns", "--db", "copy.db")
    assert "a backup never overwrites" in ran.refused("db", "backup", "copy.db")


def test_a_changed_record_is_told(ran):
    """What somebody changed behind labloop's back is named, with exit code 1."""
    assert "nothing was changed" in ran.ok("db", "verify")
    assert "nothing was changed" in ran.ok("db", "verify", "tiny")
    shutil.copy(ran.folder / "labloop.db", ran.folder / "bad.db")
    with sqlite3.connect(ran.folder / "bad.db") as database:
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type='trigger'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE round SET seed = 5")
    database.close()
    said = ran.refused("db", "verify", "--db", "bad.db")
    assert "is not what was stored" in said
    assert "restore a backup" in said


def test_an_older_database_is_upgraded(shell):
    """From any earlier schema, with a copy before; a second time there is nothing to do."""
    first = GOLDEN / f"v{REVISIONS[0]}.sql"
    database = sqlite3.connect(shell.folder / "old.db")
    database.executescript(first.read_text(encoding="utf-8"))
    database.execute(f"PRAGMA application_id={APPLICATION_ID}")
    database.close()
    assert "labloop db upgrade" in shell.refused("campaigns", "--db", "old.db")
    said = shell.ok("db", "upgrade", "--db", "old.db")
    assert f"from schema {REVISIONS[0]} to {HEAD}" in said
    assert (shell.folder / f"old.db.before-{REVISIONS[0]}").is_file()
    assert "golden" in shell.ok("campaigns", "--db", "old.db")
    assert "nothing to do" in shell.ok("db", "upgrade", "--db", "old.db")
    assert "there is no database at" in shell.refused("db", "upgrade", "--db", "no.db")
