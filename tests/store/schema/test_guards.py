"""What was recorded is never changed: the database itself refuses, on both dialects."""

import sqlite3
from datetime import UTC, datetime

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from store_samples import CAMPAIGN, experiment

from labloop.errors import AppendOnlyError, DatabaseUnusableError
from labloop.records import (
    MILLION,
    ActionState,
    Alarm,
    Calibration,
    CampaignState,
    Command,
    CommandKind,
    CurveData,
    DeviceIdentity,
    ExperimentState,
    Filling,
    Intent,
    Measurement,
    Mode,
    ModelState,
    Occupation,
    Outcome,
    Proposal,
    RoundRecord,
    SampleChange,
    SampleEvent,
    ScalarValue,
    Shelf,
)
from labloop.store import open_database
from labloop.store.engine.connect import make_engine
from labloop.store.engine.driver_errors import translate_error
from labloop.store.schema import guards
from labloop.store.schema.things_tables import METADATA

FIRST = experiment().id
OUTCOME_AGAIN = (
    "INSERT INTO outcome (intent_id, state, mode, result, detail, sent, received, lab_time, "
    "actor, recorded) SELECT intent_id, '{}', mode, result, detail, sent, received, lab_time, "
    "actor, recorded FROM outcome WHERE state = 'uncertain' LIMIT 1"
)
MOVE_OF_OTHER_MODE = (
    "INSERT INTO experiment_move (experiment_id, campaign_id, mode, from_state, to_state, "
    "reason, actor, recorded) SELECT experiment_id, campaign_id, 'real', from_state, "
    "to_state, reason, actor, recorded FROM experiment_move"
)


@pytest.fixture
def whole(filled):
    """A database with rows in every table."""
    curve = CurveData(np.arange(3.0), np.arange(3.0))
    proposal = Proposal({"x": 1.0}, "sobol", "first")
    state = ModelState("gp", 1, {}, {"w": np.ones(2)})
    filled.rounds.commit(
        RoundRecord(campaign_id=CAMPAIGN, index=0, proposals=(proposal,), state=state), []
    )
    filled.journal.intent(
        Intent(id="i", campaign_id=CAMPAIGN, experiment_id=FIRST, device="d", name="n")
    )
    filled.journal.outcome(Outcome(intent_id="i", state=ActionState.UNCERTAIN))
    filled.journal.identity(CAMPAIGN, DeviceIdentity(device="d", model="m"))
    filled.campaigns.set_state(CAMPAIGN, CampaignState.PAUSED, "", "ben")
    filled.experiments.move(FIRST, ExperimentState.RUNNING, actor="ben")
    filled.experiments.save_raw(FIRST, Measurement({"y": ScalarValue(1.0)}))
    filled.experiments.save_outputs(FIRST, {"y": curve}, analysis="a", actor="ben")
    sequence = filled.commands.add(
        Command(campaign_id=CAMPAIGN, kind=CommandKind.STOP, actor="ben")
    ).result()
    filled.commands.answer(sequence, True, "yes")
    filled.alarms.add(CAMPAIGN, Alarm("drift", "it drifts")).result()
    (alarm,) = filled.alarms.all(CAMPAIGN)
    filled.alarms.acknowledge(alarm.sequence, "ben").result()
    filled.calibrations.add(
        Calibration(device="d", quantity="q", mode=Mode.REAL, performed=datetime.now(UTC))
    ).result()
    filled.leases.acquire("device:a/b", "ben")
    shelf = Shelf("bench", Mode.SIMULATED, CAMPAIGN)
    filled.stock.put(shelf, [Filling(name="tip", unit="1", amount=MILLION)], "ben")
    made = SampleEvent(change=SampleChange.MADE, place="rack", experiment_id=FIRST)
    filled.samples.make(shelf, "vial", made, CAMPAIGN).result()
    filled.schedules.add_held(FIRST, [Occupation("oven-1", 0.0, 1.0)]).result()
    return filled


def refused(database, statement: str) -> str:
    """Return with which sentence a statement is refused on a connection like the writer's."""
    engine = make_engine(database.location, writing=True)
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text(statement))
    told = translate_error(caught.value, "here")
    assert isinstance(told, AppendOnlyError)
    return str(told)


def test_every_table_is_guarded():
    """No table is without a guard; those with a state are the only ones that may change."""
    assert {*guards.APPEND_ONLY, *guards._FIXED} == set(METADATA.tables)


@pytest.mark.parametrize("table", guards.APPEND_ONLY)
def test_append_only(whole, table):
    """UPDATE, DELETE, REPLACE and upsert are refused in every append-only table."""
    columns = [c.name for c in METADATA.tables[table].columns]
    key = ", ".join(c.name for c in METADATA.tables[table].primary_key)
    same = f"SELECT {', '.join(columns)} FROM {table} WHERE true"  # noqa: S608 - our own names
    into = f"INTO {table} ({', '.join(columns)})"
    sentence = f"append-only: rows of {table} are never changed or deleted"
    last = columns[-1]
    upsert = f"ON CONFLICT ({key}) DO UPDATE SET {last} = excluded.{last}"
    statements = [
        f"UPDATE {table} SET {last} = {last}",  # noqa: S608 - our own names
        f"DELETE FROM {table}",  # noqa: S608 - our own names
        f"INSERT {into} {same} {upsert}",
    ]
    if whole.location.path is not None:
        statements.append(f"INSERT OR REPLACE {into} {same}")
    else:
        refused(whole, f"TRUNCATE {table} CASCADE")
    for statement in statements:
        assert sentence in refused(whole, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM campaign",
        "DELETE FROM experiment",
        "DELETE FROM lease",
        "UPDATE campaign SET seed = 5",
        "UPDATE campaign SET mode = 'real'",
        "UPDATE experiment SET point = '{}'",
        "UPDATE experiment SET number = 7",
        "UPDATE lease SET token = token - 1",
        "UPDATE lease SET resource = 'other'",
        "DELETE FROM stock_lot",
        "UPDATE stock_lot SET expires = NULL",
        "DELETE FROM sample_place",
        "UPDATE sample_place SET place = 'elsewhere'",
    ],
)
def test_fixed_columns(whole, statement):
    """Where a row has a state, everything else in it stays."""
    assert "append-only" in refused(whole, statement)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE experiment SET state = 'planned'", "stale-state: an experiment cannot move"),
        ("UPDATE experiment SET state = 'dreaming'", "stale-state|check|CHECK"),
        ("UPDATE campaign SET state = 'dreaming'", "ck_campaign_state"),
        ("UPDATE experiment SET lab_started = 9e999", "ck_experiment_started|out of range"),
        (OUTCOME_AGAIN.format("intent"), "ck_outcome_state"),
        (MOVE_OF_OTHER_MODE, "(?i)foreign key"),
    ],
)
def test_checks(whole, statement, sentence):
    """Unknown states, endless numbers and mixed modes are refused by the database."""
    engine = make_engine(whole.location, writing=True)
    with engine.connect() as connection, pytest.raises(DBAPIError, match=sentence):
        connection.execute(text(statement))


def test_one_end_an_intent(whole):
    """The partial index refuses a second end, and allows a second doubt."""
    with make_engine(whole.location, writing=True).connect() as connection:
        connection.execute(text(OUTCOME_AGAIN.format("uncertain")))
        connection.execute(text(OUTCOME_AGAIN.format("done")))
        with pytest.raises(DBAPIError, match=r"(?i)unique"):
            connection.execute(text(OUTCOME_AGAIN.format("failed")))


def test_readers_cannot_write(whole):
    """A connection that reads refuses to write."""
    with (
        whole.connections.readers.connect() as connection,
        pytest.raises(DBAPIError, match=r"readonly|read-only"),
    ):
        connection.execute(text("UPDATE campaign SET reason = 'x'"))


def test_made_anew(url, database, caplog):
    """Guards that somebody dropped or changed are there again after the next open."""
    assert database.url
    sqlite = database.location.path is not None
    on = "" if sqlite else " ON intent"
    database.close()
    with make_engine(database.location, writing=True).connect() as connection:
        connection.execute(text(f"DROP TRIGGER guard_intent_update{on}"))
        connection.execute(text("DROP INDEX one_end_an_intent"))
        if sqlite:
            connection.execute(text("DROP TRIGGER guard_alarm_delete"))
            connection.execute(
                text("CREATE TRIGGER guard_alarm_delete BEFORE DELETE ON alarm BEGIN SELECT 1; END")
            )
        else:
            connection.execute(text("ALTER TABLE alarm DISABLE TRIGGER guard_alarm_delete"))
            connection.execute(
                text(
                    "CREATE OR REPLACE FUNCTION labloop_refuse() RETURNS trigger "
                    "LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
                )
            )
        lost = set(guards.missing(connection))
        assert {"guard_intent_update", "one_end_an_intent", "guard_alarm_delete"} <= lost
    with open_database(url) as opened, opened.connections.readers.connect() as connection:
        assert guards.missing(connection) == []
    assert "were missing and made anew" in caplog.text


def test_lost_check(tmp_path):
    """A CHECK that is gone cannot be made anew, and is said."""
    path = tmp_path / "lab.db"
    open_database(str(path)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'CHECK (kind IN', 'CHECK (1 OR kind IN') "
            "WHERE name = 'intent'"
        )
    connection.close()
    with pytest.raises(DatabaseUnusableError, match=r"lacks the guards ck_intent_kind .* restore"):
        open_database(str(path))


def test_plain_sqlite_program_is_refused_too(tmp_path):
    """Another program that opens the file meets the triggers as well."""
    path = tmp_path / "lab.db"
    open_database(str(path)).close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO float_array (sha256, length, content) VALUES ('aa', 0, x'')")
    for statement in ("UPDATE float_array SET length = 2", "DELETE FROM float_array"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()
