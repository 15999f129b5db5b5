"""Promise: what somebody else's SQL has changed, removed or added is named, the first one first."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from store_samples import CAMPAIGN

from labloop.records import (
    Alarm,
    CampaignState,
    Command,
    CommandKind,
    DeviceIdentity,
    Occupation,
)
from labloop.store import open_database, verify
from labloop.store.engine.connect import APPLICATION_ID, make_engine
from labloop.store.schema import LINKED

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture
def whole(done):
    """A campaign with a row in every linked table."""
    done.journal.identity(CAMPAIGN, DeviceIdentity(device="pump", model="NE-1000"))
    done.commands.add(Command(campaign_id=CAMPAIGN, kind=CommandKind.PAUSE, actor="anna")).result()
    (command,) = done.commands.all(CAMPAIGN)
    done.commands.answer(command.sequence, accepted=True, answer="paused")
    done.campaigns.set_state(CAMPAIGN, CampaignState.PAUSED, "a person paused it", "anna")
    done.alarms.add(CAMPAIGN, Alarm("drift", "the lamp is weak")).result()
    (alarm,) = done.alarms.all(CAMPAIGN)
    done.alarms.acknowledge(alarm.sequence, "anna", "seen").result()
    (held, *_) = done.experiments.all(CAMPAIGN)
    done.schedules.add_held(held.id, [Occupation("oven-1", 1.0, 2.5)]).result()
    assert verify(done).problems == ()
    return done


def by_force(database, *statements):
    """Change rows as somebody does who has dropped all triggers before."""
    with make_engine(database.location, writing=True).connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            kept = connection.exec_driver_sql(
                "SELECT name, sql FROM sqlite_master WHERE type='trigger'"
            ).all()
            for name, _ in kept:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        for statement in statements:
            connection.exec_driver_sql(statement)
        if connection.dialect.name == "sqlite":
            for _, sql in kept:
                connection.exec_driver_sql(sql)


CHANGES = {
    "measurement": "UPDATE raw_value SET value = 99 WHERE name = 'weight'",
    "analysis": "UPDATE output_value SET value = 0.99 WHERE name = 'y'",
    "experiment": "UPDATE experiment SET point = '{\"temperature\":1}' WHERE number = 1",
    "experiment_move": "UPDATE experiment_move SET actor = 'nobody' WHERE to_state = 'running'",
    "intent": "UPDATE intent SET arguments = '{\"rate\":15}'",
    "outcome": "UPDATE outcome SET lab_time = 5",
    "identity": "UPDATE identity SET serial_number = '1'",
    "command": "UPDATE command SET actor = 'ben'",
    "answer": "UPDATE answer SET answer = 'refused'",
    "campaign": "UPDATE campaign SET seed = seed + 1",
    "campaign_move": "UPDATE campaign_move SET reason = 'other'",
    "round": "UPDATE proposal SET acquisition = 'other'",
    "bundle": "UPDATE bundle SET actor = 'ben'",
    "alarm": "UPDATE alarm SET message = 'all is well'",
    "acknowledgement": "UPDATE acknowledgement SET note = 'not seen'",
    "schedule": "UPDATE schedule SET data = '[]'",
}


def test_what_was_changed_is_named(whole):
    """One value of one record in every linked table: each is named, in their order."""
    by_force(whole, *CHANGES.values())
    problems = [p for p in verify(whole, CAMPAIGN).problems if "of the chain" in p]
    assert all("was changed after it was stored" in problem for problem in problems)
    assert {problem.split()[0] for problem in problems} == set(CHANGES) == set(LINKED)
    assert len(problems) == len(CHANGES)
    assert problems[0].startswith("campaign ")


REMOVALS = {
    "measurement": ("DELETE FROM raw_value", "DELETE FROM measurement"),
    "experiment_move": ("DELETE FROM experiment_move WHERE to_state = 'running'",),
    "command": ("DELETE FROM answer", "DELETE FROM command"),
    "alarm": ("DELETE FROM acknowledgement", "DELETE FROM alarm"),
    "outcome": ("DELETE FROM outcome",),
}


def test_what_was_removed_is_named(whole):
    """A record that is gone is missed, though nothing points at it."""
    by_force(whole, *(statement for each in REMOVALS.values() for statement in each))
    gone = {p.split()[0] for p in verify(whole).problems if "was removed after" in p}
    assert gone == {*REMOVALS, "answer", "acknowledgement"}


def test_what_was_added_is_named(whole):
    """A record that labloop has not written is in no link."""
    columns = "experiment_id, campaign_id, mode, actor, recorded"
    by_force(
        whole,
        f"INSERT INTO measurement ({columns}) SELECT {columns} FROM measurement LIMIT 1",  # noqa: S608 - a test's own words
    )
    (problem,) = verify(whole).problems
    assert problem.startswith("measurement ")
    assert "was added by something else than labloop" in problem


def test_a_state_that_no_move_led_to_is_named(whole):
    """The state of an experiment is what its moves say."""
    by_force(whole, "UPDATE experiment SET state = 'failed' WHERE number = 1")
    (problem,) = verify(whole).problems
    assert "stands as failed, and its moves lead to done" in problem


def test_a_link_that_is_gone_is_missed(whole):
    """Who removes a record and its link leaves a gap, or breaks all that follows."""
    by_force(
        whole, "DELETE FROM chain WHERE noun = 'outcome'", "DELETE FROM outcome",
    )  # fmt: skip
    assert "1 links before link" in verify(whole).problems[0]


def test_a_chain_that_was_made_anew_does_not_hold_a_hash_that_was_kept(whole):
    """Only who kept the end can tell that everything after a change was computed again."""
    (end,) = verify(whole).ends.values()
    assert verify(whole, kept=end.upper() + "\n").whole
    whole.alarms.add(CAMPAIGN, Alarm("drift", "again")).result()
    assert verify(whole, kept=end).whole
    (problem,) = verify(whole, kept="0" * 64).problems
    assert "is in no chain" in problem


def test_an_older_database_gets_its_chain_when_it_is_upgraded(tmp_path):
    """Its first link says when and from which schema; changes after that are told."""
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript((GOLDEN / "v0003.sql").read_text(encoding="utf-8"))
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.close()
    with open_database(str(path)) as database:
        (record,) = database.campaigns.all()
        assert verify(database).problems == ()
        with database.connections.readers.connect() as reader:
            first = reader.execute(text("SELECT noun, note FROM chain ORDER BY position")).first()
            links = reader.execute(text("SELECT count(*) FROM chain")).scalar_one()
        assert first.noun == "upgrade"
        assert '"schema":"0003"' in first.note
        assert links > 15
        database.alarms.add(record.id, Alarm("drift", "later")).result()
        assert verify(database).whole
        by_force(database, "UPDATE raw_value SET value = 1 WHERE kind = 'actual'")
        (problem,) = verify(database).problems
        assert problem.startswith("measurement ")
