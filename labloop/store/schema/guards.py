"""The guards: triggers, partial indexes and CHECKs with which the database refuses changes.

They hold for every program that opens the database. Alembic's batch mode (which SQLite needs)
drops triggers silently, so triggers and partial indexes are not part of the migrations: after
every migration and at every open they are compared with the declarations here, and created again
where they differ.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import CheckConstraint, Connection

from labloop.errors import DatabaseUnusableError
from labloop.records import (
    EXPERIMENT_CORRECTIONS,
    EXPERIMENT_MOVES,
    ActionState,
    CampaignState,
    CommandKind,
    ExperimentState,
    Mode,
    Origin,
    SampleChange,
    Severity,
    StockChange,
)
from labloop.store.schema.things_tables import METADATA

APPEND_ONLY = (
    "acknowledgement",
    "alarm",
    "analysis",
    "answer",
    "float_array",
    "bundle",
    "bundle_file",
    "calibration",
    "campaign_move",
    "chain",
    "command",
    "experiment_move",
    "identity",
    "intent",
    "measurement",
    "model_array",
    "outcome",
    "output_value",
    "proposal",
    "raw_value",
    "round",
    "sample",
    "sample_event",
    "schedule",
    "stock_entry",
)
"""Tables whose rows can be neither updated nor deleted."""

_FIXED = {
    "campaign": ("id", "name", "mode", "generation", "seed", "actor", "position", "created"),
    "experiment": (
        "id",
        "campaign_id",
        "number",
        "mode",
        "origin",
        "point",
        "round_index",
        "proposal_index",
        "actor",
        "created",
    ),
    "lease": ("resource",),
    "lease_beat": ("resource",),
    "sample_place": ("sequence", "sample", "lab", "mode", "shelf", "place"),
    "stock_lot": (
        "sequence",
        "lab",
        "mode",
        "shelf",
        "name",
        "unit",
        "lot",
        "place",
        "expires",
        "actor",
        "recorded",
    ),
}
"""Tables whose rows have a state: the columns that cannot be updated."""

_TRUNCATE = "TRUNCATE"
_FLOATS = "-1.7976931348623157e308 AND 1.7976931348623157e308"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger that refuses a change with a sentence, in both dialects."""

    name: str
    table: str
    event: str
    """``DELETE``, ``UPDATE``, ``UPDATE OF a, b`` or ``TRUNCATE`` (PostgreSQL alone has it)."""
    sentence: str
    when: str = ""
    """Condition over OLD and NEW that both dialects understand; empty: always."""

    def sqlite(self) -> str:
        """Return the statement exactly as SQLite stores it in ``sqlite_master``."""
        when = f" WHEN {self.when}" if self.when else ""
        return (
            f"CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table} FOR EACH ROW{when} "
            f"BEGIN SELECT RAISE(ABORT, '{self.sentence}'); END"
        )

    def postgresql(self) -> str:
        """Return the statement for PostgreSQL, which calls the function ``labloop_refuse``."""
        when = f" WHEN ({self.when})" if self.when else ""
        each = "STATEMENT" if self.event == _TRUNCATE else "ROW"
        return (
            f"CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table} FOR EACH {each}{when} "
            f"EXECUTE FUNCTION labloop_refuse('{self.sentence}')"
        )

    def fingerprint(self) -> str:
        """Return the hash that is stored as PostgreSQL's comment and compared at every open."""
        return sha256(self.postgresql().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PartialIndex:
    """A unique index over some rows."""

    name: str
    table: str
    columns: str
    where: str

    def statement(self) -> str:
        """Return the statement, the same in both dialects."""
        return (
            f"CREATE UNIQUE INDEX {self.name} ON {self.table} ({self.columns}) WHERE {self.where}"
        )


def _triggers() -> Iterable[Trigger]:
    for table in APPEND_ONLY:
        sentence = f"append-only: rows of {table} are never changed or deleted"
        yield Trigger(f"guard_{table}_update", table, "UPDATE", sentence)
        yield Trigger(f"guard_{table}_delete", table, "DELETE", sentence)
    for table, columns in _FIXED.items():
        kept = f"append-only: what a row of {table} says of its origin is never changed"
        yield Trigger(f"guard_{table}_fixed", table, f"UPDATE OF {', '.join(columns)}", kept)
        gone = f"append-only: rows of {table} are never deleted"
        yield Trigger(f"guard_{table}_delete", table, "DELETE", gone)
    legal = " OR ".join(
        f"(OLD.state = '{start}' AND NEW.state IN ({_listed(sorted(ends))}))"
        for start, moves in EXPERIMENT_MOVES.items()
        if (ends := moves | EXPERIMENT_CORRECTIONS.get(start, frozenset()))
    )
    yield Trigger(
        "guard_experiment_move",
        "experiment",
        "UPDATE OF state",
        "stale-state: an experiment cannot move in this way",
        f"NOT ({legal})",
    )
    yield Trigger(
        "guard_lease_token",
        "lease",
        "UPDATE OF token",
        "append-only: the token of a lease only grows",
        "NEW.token <= OLD.token",
    )


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


TRIGGERS = tuple(_triggers())
_EMPTYING = tuple(
    Trigger(f"guard_{table}_truncate", table, _TRUNCATE, "append-only: no table is ever emptied")
    for table in (*APPEND_ONLY, *_FIXED)
)


def triggers(dialect: str) -> tuple[Trigger, ...]:
    """Return the triggers of a dialect."""
    return TRIGGERS if dialect == "sqlite" else (*TRIGGERS, *_EMPTYING)


PARTIAL_INDEXES = (
    PartialIndex("one_end_an_intent", "outcome", "intent_id", "state <> 'uncertain'"),
    PartialIndex("one_sample_a_place", "sample_place", "lab, mode, shelf, place", "taken = 1"),
)
"""An intent has at most one final outcome (UNCERTAIN is not final and may come before it), and no
two samples are in one place, or on their way to it."""

_ENDS = tuple(state for state in ActionState if state is not ActionState.INTENT)
_VALUE = {
    "finite": f"(value IS NULL OR value BETWEEN {_FLOATS}) AND (sd IS NULL OR sd BETWEEN 0 AND "
    "1.7976931348623157e308)",
    "whole": "(kind IN ('scalar', 'actual') AND value IS NOT NULL AND unit IS NOT NULL) OR "
    "(kind = 'text' AND text IS NOT NULL) OR (kind = 'curve' AND x_unit IS NOT NULL AND unit "
    "IS NOT NULL AND x_sha256 IS NOT NULL AND y_sha256 IS NOT NULL)",
}
CHECKS: Mapping[str, Mapping[str, str]] = {
    "campaign": {
        "mode": f"mode IN ({_listed(Mode)})",
        "state": f"state IN ({_listed(CampaignState)})",
    },
    "experiment": {
        "state": f"state IN ({_listed(ExperimentState)})",
        "origin": f"origin IN ({_listed(Origin)})",
        "started": f"lab_started IS NULL OR lab_started BETWEEN {_FLOATS}",
        "finished": f"lab_finished IS NULL OR lab_finished BETWEEN {_FLOATS}",
    },
    "experiment_move": {"time": f"lab_time IS NULL OR lab_time BETWEEN {_FLOATS}"},
    "round": {"seconds": f"seconds BETWEEN {_FLOATS}"},
    "proposal": {
        "acquisition": f"acquisition_value IS NULL OR acquisition_value BETWEEN {_FLOATS}"
    },
    "intent": {
        "kind": "kind IN ('action', 'step')",
        "time": f"lab_time BETWEEN {_FLOATS}",
    },
    "outcome": {
        "state": f"state IN ({_listed(_ENDS)})",
        "time": f"lab_time BETWEEN {_FLOATS}",
    },
    "raw_value": _VALUE,
    "output_value": _VALUE,
    "command": {"kind": f"kind IN ({_listed(CommandKind)})"},
    "calibration": {"mode": f"mode IN ({_listed(Mode)})"},
    "stock_lot": {
        "mode": f"mode IN ({_listed(Mode)})",
        "amount": "amount >= 0",
        "reserved": "reserved >= 0",
    },
    "stock_entry": {"change": f"change IN ({_listed(StockChange)})"},
    "sample_event": {
        "change": f"change IN ({_listed(SampleChange)})",
        "time": f"lab_time BETWEEN {_FLOATS}",
    },
    "sample_place": {"taken": "taken IN (0, 1)"},
    "schedule": {
        "kind": "kind IN ('forecast', 'held')",
        "time": f"lab_time BETWEEN {_FLOATS}",
    },
    "alarm": {"severity": f"severity IN ({_listed(Severity)})"},
}
"""Table -> short name -> condition; finite floats and known states."""

for _table, _conditions in CHECKS.items():
    for _name, _condition in _conditions.items():
        METADATA.tables[_table].append_constraint(CheckConstraint(_condition, name=_name))

_FUNCTION_BODY = " BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END "
_FUNCTION = (
    "CREATE OR REPLACE FUNCTION labloop_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$${_FUNCTION_BODY}$$"
)


def missing(connection: Connection) -> list[str]:
    """Return the names of guards that the database lacks, or that differ from the declared ones."""
    if connection.dialect.name == "sqlite":
        return _missing_sqlite(connection)
    return _missing_postgresql(connection)


def _missing_sqlite(connection: Connection) -> list[str]:
    rows = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master").all()
    found = {name: sql for kind, name, sql in rows if kind in {"trigger", "index"}}
    tables = {name: sql for kind, name, sql in rows if kind == "table"}
    absent = [t.name for t in TRIGGERS if found.get(t.name) != t.sqlite()]
    absent += [i.name for i in PARTIAL_INDEXES if found.get(i.name) != i.statement()]
    return absent + [
        f"ck_{table}_{name}"
        for table, conditions in CHECKS.items()
        for name, condition in conditions.items()
        if f"CHECK ({condition})" not in tables.get(table, "")
    ]


def _missing_postgresql(connection: Connection) -> list[str]:
    def names(sql: str) -> dict[str, str]:
        return {name: text or "" for name, text in connection.exec_driver_sql(sql).all()}

    found = names(
        "SELECT t.tgname, obj_description(t.oid, 'pg_trigger') FROM pg_trigger t "
        "JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgenabled = 'O' AND "
        "c.relnamespace = current_schema()::regnamespace"
    )
    indexes = names(
        "SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_class c "
        "WHERE c.relkind = 'i' AND c.relnamespace = current_schema()::regnamespace"
    )
    checks = names(
        "SELECT conname, '' FROM pg_constraint WHERE contype = 'c' AND "
        "connamespace = current_schema()::regnamespace"
    )
    bodies = names(
        "SELECT proname, prosrc FROM pg_proc WHERE proname = 'labloop_refuse' AND "
        "pronamespace = current_schema()::regnamespace"
    )
    absent = [] if bodies.get("labloop_refuse") == _FUNCTION_BODY else ["labloop_refuse"]
    absent += [t.name for t in triggers("postgresql") if found.get(t.name) != t.fingerprint()]
    absent += [i.name for i in PARTIAL_INDEXES if indexes.get(i.name) != i.statement()]
    return absent + [
        f"ck_{table}_{name}"
        for table, conditions in CHECKS.items()
        for name in conditions
        if f"ck_{table}_{name}" not in checks
    ]


def create(connection: Connection) -> None:
    """Create every trigger and partial index anew, and compare.

    The caller owns the transaction.

    Raises:
        DatabaseUnusableError: a CHECK is missing, which only a migration can add.
    """
    execute_all(connection, statements(connection.dialect.name))
    absent = missing(connection)
    if absent:
        raise DatabaseUnusableError(
            f"the database lacks the guards {', '.join(absent)} even after they were created "
            "again; somebody changed its tables by hand: restore a backup"
        )


def execute_all(connection: Connection, made: Sequence[str]) -> None:
    """Execute statements, for PostgreSQL in one round trip."""
    if connection.dialect.name != "sqlite":
        made = [";\n".join(made)]
    for statement in made:
        connection.exec_driver_sql(statement)


def statements(dialect: str) -> list[str]:
    """Return the statements that create all triggers and partial indexes anew."""
    made: list[str] = []
    for index in PARTIAL_INDEXES:
        made += [f"DROP INDEX IF EXISTS {index.name}", index.statement()]
    if dialect == "sqlite":
        for trigger in TRIGGERS:
            made += [f"DROP TRIGGER IF EXISTS {trigger.name}", trigger.sqlite()]
        return made
    for index in PARTIAL_INDEXES:
        text = index.statement().replace("'", "''")
        made.append(f"COMMENT ON INDEX {index.name} IS '{text}'")
    made.append(_FUNCTION.replace("%", "%%"))
    for trigger in triggers(dialect):
        made += [
            f"DROP TRIGGER IF EXISTS {trigger.name} ON {trigger.table}",
            trigger.postgresql(),
            f"COMMENT ON TRIGGER {trigger.name} ON {trigger.table} IS '{trigger.fingerprint()}'",
        ]
    return made


class Refusal(StrEnum):
    """Prefixes of the triggers' sentences, by which ``engine.driver_errors`` tells them apart."""

    APPEND_ONLY = "append-only"
    STALE_STATE = "stale-state"
