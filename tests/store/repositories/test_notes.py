"""Promise: what a watchdog process left beside the database gets in, once and whole."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from store_samples import CAMPAIGN, bundle, campaign

from labloop.lab.watchdog.note import write
from labloop.records import (
    NOT_SAFE,
    WATCHDOG,
    ActionState,
    Intent,
    JournalEntry,
    Outcome,
    Severity,
    WatchdogNote,
)
from labloop.store import open_database

INTENT = Intent(
    id=f"{CAMPAIGN}-oven-w12x34-001",
    campaign_id=CAMPAIGN,
    experiment_id=None,
    device="oven",
    name="safe_state",
    idempotent=True,
    lab_time=0.25,
    actor="watchdog",
)
DONE = Outcome(
    intent_id=INTENT.id,
    state=ActionState.DONE,
    sent=(b"OFF\r\x00",),
    received=(b"\xff",),
    lab_time=0.5,
    actor="watchdog",
)
NOTE = WatchdogNote(
    lab="ovens",
    campaign_id=CAMPAIGN,
    message="process 12 died; the watchdog brought oven into the safe state",
    safe=("oven",),
    entries=(JournalEntry(sequence=1, intent=INTENT, outcome=DONE),),
    written=datetime(2026, 11, 30, 20, 15, 3, 7, UTC),
)


@pytest.fixture
def where(tmp_path):
    """The path of a database with one campaign, and the folder of its notes."""
    path = tmp_path / "labloop.db"
    with open_database(path) as database:
        database.campaigns.create(campaign(), bundle()).result()
        return path, database.handover


def left(handover, note=NOTE):
    """Leave a note as a watchdog process does."""
    path = write(note, [str(handover.folder)])
    assert path.parent == handover.folder
    return path


def check(database):
    """Require that the note is in, once."""
    [entry] = database.journal.entries(CAMPAIGN)
    assert replace(entry.intent, lease_token=0) == INTENT
    assert entry.outcome == DONE
    [raised] = database.alarms.open()
    assert (raised.alarm.kind, raised.alarm.severity) == (WATCHDOG, Severity.CRITICAL)
    assert raised.headline == NOTE.message


@pytest.mark.parametrize("read_only", [False, True])
def test_the_next_one_who_opens_the_database_takes_it_in(where, read_only):
    """Also one who only wants to look; the file is gone then, and nothing is stored twice."""
    path, handover = where
    file = left(handover)
    for _ in range(2):
        with open_database(path, create=False, read_only=read_only) as database:
            check(database)
    assert not file.exists()


def test_the_program_of_the_handover_takes_it_in(where, monkeypatch, tmp_path):
    """As the watchdog process starts it, from anywhere."""
    path, handover = where
    file = left(handover)
    for name, value in handover.environment.items():
        monkeypatch.setenv(name, value)
    subprocess.run([sys.executable, *handover.program], cwd=tmp_path.parent, check=True)
    assert not file.exists()
    with open_database(path, create=False) as database:
        check(database)


def test_one_that_was_taken_in_half(where):
    """The process died between intent and outcome: the rest follows, the first half is kept."""
    path, handover = where
    with open_database(path) as database:
        database.journal.intent(INTENT).result()
    left(handover)
    with open_database(path) as database:
        check(database)


def test_what_is_not_safe_is_told_as_such(where):
    """The headline says it before anything else."""
    path, handover = where
    left(handover, replace(NOTE, failures={"bath": "it gave no answer"}))
    with open_database(path) as database:
        [raised] = database.alarms.open()
    assert raised.alarm.kind == NOT_SAFE
    assert raised.headline == f"NOT SAFE: {NOTE.message}"


@pytest.mark.parametrize("text", ["", "{}", "[1", '{"lab": 3}'])
def test_a_file_that_is_no_note_stays(where, text):
    """It hinders nobody, and is not thrown away."""
    path, handover = where
    file = left(handover)
    file.write_text(text, encoding="utf-8")
    with open_database(path) as database:
        assert database.alarms.open() == []
    assert file.read_text(encoding="utf-8") == text


def test_a_note_of_a_campaign_that_is_not_here_stays(where):
    """It belongs to another database."""
    path, handover = where
    file = left(handover, replace(NOTE, campaign_id="another", entries=()))
    with open_database(path) as database:
        assert database.alarms.open() == []
    assert file.exists()
