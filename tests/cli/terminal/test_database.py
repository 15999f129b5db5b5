"""A database that is locked, full, foreign, newer or out of reach: one sentence each."""

import json
import os
import shlex
import sqlite3
import threading
import time
from contextlib import closing
from types import SimpleNamespace

import pytest

from labloop.campaign import database_option
from labloop.store.engine import connect as _connect
from labloop.store.engine.location import resolve_location

PLAIN = ("--engine", "plain")


def test_a_foreign_file_is_left_as_it_is(tiny):
    """Neither a text nor another program's database is written to."""
    text = tiny.write("labloop.db", "dear diary")
    assert "is not an SQLite database" in tiny.refused("run", "campaign.py", *PLAIN)
    assert text.read_text() == "dear diary"
    with closing(sqlite3.connect(tiny.folder / "other.db")) as other, other:
        other.execute("CREATE TABLE bees (name TEXT)")
    before = (tiny.folder / "other.db").read_bytes()
    said = tiny.refused("run", "campaign.py", "--db", "other.db", *PLAIN)
    assert "other.db" in said
    assert (tiny.folder / "other.db").read_bytes() == before
    tiny.refused("campaigns", "--db", "other.db")


def test_a_newer_schema_is_refused(ran):
    """An older program does not touch what a newer one wrote."""
    database = sqlite3.connect(ran.folder / "labloop.db", isolation_level=None)
    database.execute("UPDATE labloop_revision SET version_num = '9999'")
    database.close()
    for words in (("resume", "tiny", *PLAIN), ("status", "tiny"), ("export", "tiny")):
        said = ran.refused(*words)
        assert "9999" in said
        assert "newer" in said


@pytest.mark.parametrize(
    "verb", ["campaigns", "status", "report", "export", "command", "reanalyse"]
)
def test_looking_never_makes_a_database(tiny, verb):
    """A wrong path is told, and no empty file is left behind."""
    words = {"campaigns": (), "command": ("tiny", "stop")}.get(verb, ("tiny",))
    said = tiny.refused(verb, *words)
    assert "there is no database at" in said
    assert not (tiny.folder / "labloop.db").exists()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nowhere/x.db", "does not exist; create it first"),
        (".", "is a folder"),
        ("mysql://me@there/x", "a database is a path"),
        (":memory:", "would lose what was acknowledged"),
    ],
)
def test_a_place_where_no_database_can_be(tiny, place, words):
    """Each is told before anything is made."""
    assert words in tiny.refused("run", "campaign.py", "--db", place, *PLAIN)


def test_another_programs_lock_ends_with_a_sentence(ran, monkeypatch):
    """It is waited for, but not for ever, and what was stored stays."""
    monkeypatch.setattr(_connect, "BUSY_SECONDS", 0.2)
    lock = sqlite3.connect(ran.folder / "labloop.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    for words in (("resume", "tiny", "--experiments", "5"), ("run", "campaign.py", "--new")):
        assert "is locked by another program" in ran.refused(*words, *PLAIN)
    assert "finished" in ran.ok("status", "tiny")
    lock.execute("ROLLBACK")
    lock.close()
    assert "5/5" in ran.ok("resume", "tiny", "--experiments", "5", *PLAIN)


def test_a_database_whose_password_is_hidden_is_not_to_be_typed():
    """Where the place cannot be typed as it is shown it is left out; a path is quoted."""
    behind = SimpleNamespace(typed=resolve_location("postgresql://anna:secret@host/lab").typed)
    assert database_option(behind) == ""
    here = SimpleNamespace(typed=resolve_location("a lab/my.db").typed)
    assert shlex.split(database_option(here))[0] == "--db"
    assert len(shlex.split(database_option(here))) == 2


def test_a_finished_campaign_says_how_to_go_on(ran, tmp_path, monkeypatch):
    """With the same budget nothing is done; what is told to be typed works in any folder."""
    before = json.loads(ran.ok("status", "tiny", "--json"))
    told = ran.ok("resume", "tiny", *PLAIN)
    words = told[told.index("go on     labloop ") :].removeprefix("go on     labloop ")
    after = json.loads(ran.ok("status", "tiny", "--json"))
    assert after["done"] == before["done"]
    assert {"planned", "abandoned", "awaiting"} <= after.keys()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    typed = words.partition(" --experiments N: a larger budget")[0]
    assert "4/4" in ran.ok(*shlex.split(typed), "--experiments", "4", *PLAIN)


def goes_on(shell):
    """Fail unless everything that was done is there, and the campaign goes on from it."""
    row = json.loads(shell.ok("status", "tiny", "--json"))
    assert row["done"] > 3
    with closing(sqlite3.connect(shell.folder / "labloop.db")) as database:
        # The process would have ended by now, and its lease with it.
        database.execute("UPDATE lease SET owner = ''")
        database.commit()
    shell.ok("resume", "tiny", "--experiments", str(row["done"] + 2), *PLAIN)
    assert json.loads(shell.ok("status", "tiny", "--json"))["done"] == row["done"] + 2


def test_a_lock_in_the_middle_stops_the_campaign_safely(tiny, monkeypatch):
    """No journal, no bytes: the campaign ends, and goes on where it was."""
    monkeypatch.setattr(_connect, "BUSY_SECONDS", 0.2)
    tiny.ok("run", "campaign.py", *PLAIN)
    held = sqlite3.connect(
        tiny.folder / "labloop.db", isolation_level=None, timeout=9, check_same_thread=False
    )

    def lock():
        while held.execute("SELECT count(*) FROM experiment").fetchone()[0] < 6:
            time.sleep(0.01)
        held.execute("BEGIN IMMEDIATE")

    locker = threading.Thread(target=lock)
    locker.start()
    said = tiny.refused("resume", "tiny", "--experiments", "5000", *PLAIN)
    locker.join()
    assert "is locked by another program" in said
    held.execute("ROLLBACK")
    held.close()
    goes_on(tiny)


def test_a_full_disk_ends_with_a_sentence_and_loses_nothing(ran, monkeypatch):
    """What was acknowledged is there, and the campaign goes on when there is space again."""
    plain = _connect._open_sqlite

    def small(uri, *, writing):
        connection = plain(uri, writing=writing)
        if writing:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={pages + 12}")
        return connection

    with monkeypatch.context() as full:
        full.setattr(_connect, "_open_sqlite", small)
        said = ran.refused("resume", "tiny", "--experiments", "500", *PLAIN)
    assert "the disk is full" in said
    goes_on(ran)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs Linux's /proc")  # noqa: PTH112 - a condition
def test_a_folder_that_cannot_be_written(ran):
    """Reports, exports and tables say where they cannot go; so does a new database."""
    ran.write("hand.py", "")
    for words in (
        ("report", "tiny", "--out", "/proc/page.html"),
        ("export", "tiny", "--out", "/proc/out"),
        ("ask", "tiny", "--sim", "--out", "/proc/next.csv"),
        ("demo", "/proc/demo", *PLAIN),
    ):
        assert "nothing can be written to" in ran.refused(*words)
    said = ran.refused("run", "campaign.py", "--db", "/proc/labloop.db", *PLAIN)
    assert "/proc" in said
    assert '"done": 3' in ran.ok("status", "tiny", "--json")
