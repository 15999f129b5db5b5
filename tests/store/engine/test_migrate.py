"""The schema: migrations make what the tables say, and old databases stay readable."""

import re
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop.errors import AppendOnlyError, DatabaseUnusableError
from labloop.records import ExperimentState, Mode, ScalarValue, Shelf
from labloop.store import open_database, verify
from labloop.store.engine.connect import APPLICATION_ID, make_engine
from labloop.store.engine.driver_errors import translate_error
from labloop.store.engine.location import resolve_location
from labloop.store.engine.migrate import SCRIPTS, config_for, migrate
from labloop.store.engine.transaction import exclusive_transaction
from labloop.store.schema import guards
from labloop.store.schema.version import HEAD, METADATA, REVISIONS, VERSION_TABLE

GOLDEN = Path(__file__).parents[1] / "golden"


def test_revisions():
    """The list that is read at every open is the list of migrations."""
    scripts = ScriptDirectory.from_config(config_for())
    assert tuple(s.revision for s in reversed(list(scripts.walk_revisions()))) == REVISIONS
    assert scripts.get_current_head() == HEAD


def upgraded(url: str) -> None:
    """Make a database by its migrations alone."""
    engine = make_engine(resolve_location(url), writing=True, create=True)
    with engine.connect() as connection, exclusive_transaction(connection):
        command.upgrade(config_for(connection), "head")
        guards.create(connection)


def test_migrated_equals_tables(url):
    """`alembic check`: migrating makes exactly the declared tables."""
    upgraded(url)
    with make_engine(resolve_location(url), writing=True).connect() as connection:
        options = {
            "compare_type": True,
            "version_table": VERSION_TABLE,
            "include_object": lambda _o, name, *_: name not in {
                i.name for i in guards.PARTIAL_INDEXES
            },
        }  # fmt: skip
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []
        assert guards.missing(connection) == []


def statements(path: Path) -> dict[str, list[str]]:
    """Return what an SQLite file says of itself, whatever the order of constraints.

    SQLite puts the name of a table that was renamed, as batch mode does, in quotes.
    """
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    ).fetchall()
    connection.close()
    return {
        name: sorted(re.split(r",?\s*\n\s*|, (?=CONSTRAINT)", sql.replace(f'"{name}"', name)))
        for name, sql in rows
        if name != VERSION_TABLE
    }


def test_migrated_equals_created(tmp_path):
    """A new database, which needs no Alembic, is the same as a migrated one."""
    upgraded(str(tmp_path / "migrated.db"))
    open_database(str(tmp_path / "created.db")).close()
    assert statements(tmp_path / "migrated.db") == statements(tmp_path / "created.db")


ADD_A_COLUMN = """
import sqlalchemy as sa
from alembic import op

revision = "later"
down_revision = "{head}"

def upgrade():
    # Only SQLite cannot alter a table in place.
    recreate = "always" if op.get_bind().dialect.name == "sqlite" else "auto"
    with op.batch_alter_table("experiment", recreate=recreate) as batch:
        batch.add_column(sa.Column("note", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("intent", recreate=recreate) as batch:
        batch.add_column(sa.Column("note", sa.Text(), server_default="", nullable=False))
    {more}
"""


def later(tmp_path: Path, more: str = "pass") -> Path:
    """Return a folder of migrations with one more than there is."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text((SCRIPTS / "env.py").read_text())
    for script in (SCRIPTS / "versions").glob("_*.py"):
        (folder / "versions" / script.name).write_text(script.read_text())
    (folder / "versions" / "_later.py").write_text(ADD_A_COLUMN.format(more=more, head=HEAD))
    return folder


def test_guards_survive(filled, tmp_path):
    """A migration that rebuilds tables leaves rows, CHECKs and guards in place, and a copy."""
    filled.close()
    target = filled.location
    with make_engine(target, writing=True).connect() as connection:
        migrate(connection, target, HEAD, scripts=later(tmp_path))
        assert guards.missing(connection) == []
        row = connection.execute(text("SELECT id, note FROM experiment")).one()
        assert tuple(row) == (experiment().id, "")
        with pytest.raises(Exception, match="append-only") as caught:
            connection.execute(text("DELETE FROM experiment"))
        assert isinstance(translate_error(caught.value, ""), AppendOnlyError)
        if target.path is not None:
            assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    if target.path is not None:
        copy = target.path.with_name(f"lab.db.before-{HEAD}")
        with open_database(str(copy)) as before:
            assert len(before.experiments.all(CAMPAIGN)) == 1


@pytest.mark.parametrize(
    "more",
    [
        'op.execute("SELECT * FROM nowhere")',
        'op.drop_table("nowhere")',
        'raise sa.exc.ProgrammingError("x", {}, ValueError("on purpose"))',
    ],
)
def test_failed_migration(url, filled, tmp_path, more):
    """A migration that fails leaves the database as it was."""
    filled.close()
    with make_engine(filled.location, writing=True).connect() as connection:
        with pytest.raises(DatabaseUnusableError, match="is as it was before"):
            migrate(connection, filled.location, HEAD, scripts=later(tmp_path, more))
        assert guards.missing(connection) == []
    with open_database(url) as opened:
        assert len(opened.experiments.all(CAMPAIGN)) == 1


def test_orphans_refused(sqlite, tmp_path):
    """A migration that loses what rows refer to is undone."""
    sqlite.campaigns.create(campaign(), bundle())
    sqlite.experiments.add(experiment()).result()
    sqlite.close()
    with make_engine(sqlite.location, writing=True).connect() as connection:
        more = (
            'op.execute("DROP TRIGGER guard_campaign_delete"); op.execute("DELETE FROM campaign")'
        )
        with pytest.raises(DatabaseUnusableError, match="rows would have lost what they refer to"):
            migrate(connection, sqlite.location, HEAD, scripts=later(tmp_path, more))
        assert connection.execute(text("SELECT count(*) FROM campaign")).scalar_one() == 1


def test_golden(tmp_path):
    """A database of each earlier schema opens, whole, with everything in it."""
    found = sorted(GOLDEN.glob("v*.sql"))
    assert len(found) == len(REVISIONS)
    for dump in found:
        path = tmp_path / f"{dump.stem}.db"
        connection = sqlite3.connect(path)
        connection.executescript(dump.read_text(encoding="utf-8"))
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.close()
        with open_database(str(path)) as database:
            (record,) = database.campaigns.all()
            assert record.name == "golden"
            states = [e.state for e in database.experiments.all(record.id)]
            assert states == [ExperimentState.DONE, ExperimentState.UNCERTAIN]
            outputs = next(iter(database.experiments.outputs(record.id).values()))
            assert outputs["product_yield"] == ScalarValue(0.75, "1", 0.05)
            assert outputs["scan"].y.tolist() == [1.5, 2.5, 3.5]
            assert len(database.journal.entries(record.id)) == 2
            assert len(database.journal.open_intents(record.id)) == 1
            assert database.rounds.all(record.id)[0].state.arrays["weights"].shape == (2, 2)
            assert database.commands.pending(record.id) == []
            assert database.alarms.all(record.id)[0].alarm.kind == "drift"
            assert verify(database).problems == ()


USED_UP = """
INSERT INTO intent (id, campaign_id, experiment_id, mode, device, name, kind, arguments, idempotent,
    lab_time, actor, lease_token, recorded)
SELECT '{id}', id, NULL, mode, 'well', '{name}', 'action', '{arguments}', 0, 0.0, 'anna', 0, 0
FROM campaign
"""


def test_wells_that_an_earlier_version_used_up_stay_used_up(tmp_path):
    """What its journal knew since the last renewal stands on the campaign's shelf now."""
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript((GOLDEN / "v0003.sql").read_text(encoding="utf-8"))
    told = [("use_up", "A1"), ("use_up", "A2"), ("renew", ""), ("use_up", "A3")]
    for number, (name, place) in enumerate(told):
        arguments = f'{{"place":"{place}"}}' if place else "{}"
        connection.execute(USED_UP.format(id=f"w{number}", name=name, arguments=arguments))
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.commit()
    connection.close()
    with open_database(str(path)) as database:
        (record,) = database.campaigns.all()
        shelf = Shelf("any", Mode.SIMULATED, record.id)
        assert [(lot.place, lot.amount) for lot in database.stock.lots(shelf)] == [("A3", 0)]
