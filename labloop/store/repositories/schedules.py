"""Schedules: what experiments had of the lab and wait for there, and what forecasts expected."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict
from typing import Any

from sqlalchemy import bindparam, select, update

from labloop.errors import NotFoundError
from labloop.records import (
    ExperimentState,
    ForecastRecord,
    ForecastSpan,
    Occupation,
)
from labloop.store.engine import Session, Statement, insert_for_sequence
from labloop.store.repositories.connections import Connections, mode_of
from labloop.store.schema import (
    ExperimentMoveRow,
    ExperimentRow,
    ScheduleRow,
    encode,
    table_of,
)

_EXPERIMENT = table_of(ExperimentRow)
_MOVE = table_of(ExperimentMoveRow)
_SCHEDULE = table_of(ScheduleRow)
_INSERT = insert_for_sequence(_SCHEDULE)
_OWNER = Statement(
    select(_EXPERIMENT.c.campaign_id, _EXPERIMENT.c.mode).where(
        _EXPERIMENT.c.id == bindparam("experiment_id")
    )
)
_ALL = (
    select(_SCHEDULE)
    .where(_SCHEDULE.c.campaign_id == bindparam("of"), _SCHEDULE.c.kind == bindparam("what"))
    .order_by(_SCHEDULE.c.sequence)
)
_FORECAST, _HELD = "forecast", "held"
_NOTE = Statement(
    update(_EXPERIMENT)
    .where(
        _EXPERIMENT.c.id == bindparam("id"),
        _EXPERIMENT.c.state == ExperimentState.RUNNING.value,
    )
    .values(reason=bindparam("why"))
)
_TIMES = (
    select(_MOVE.c.experiment_id, _MOVE.c.to_state, _MOVE.c.lab_time)
    .where(
        _MOVE.c.campaign_id == bindparam("campaign_id"),
        _MOVE.c.to_state.in_([ExperimentState.RUNNING.value, ExperimentState.AWAITING.value]),
        _MOVE.c.lab_time.is_not(None),
    )
    .order_by(_MOVE.c.sequence)
)


class SqlSchedules:
    """The schedules in a database; see the port ``Schedules``."""

    def __init__(self, db: Connections) -> None:
        self._db = db

    def add_forecast(self, forecast: ForecastRecord) -> Future[None]:
        """Append a forecast."""
        return self._db.prepared(lambda: _forecast_operation(forecast))

    def forecasts(self, campaign_id: str) -> Sequence[ForecastRecord]:
        """Return the forecasts of a campaign, oldest first."""
        rows = self._db.rows(_ALL, {"of": campaign_id, "what": _FORECAST})
        return [_forecast(row) for row in rows]

    def add_held(self, experiment_id: str, held: Sequence[Occupation]) -> Future[None]:
        """Append what an experiment had, in lab seconds of the campaign."""
        return self._db.prepared(lambda: _held_operation(experiment_id, held))

    def held(self, campaign_id: str) -> Sequence[Occupation]:
        """Return what experiments had, in order of their ends."""
        rows = self._db.rows(_ALL, {"of": campaign_id, "what": _HELD})
        return [
            Occupation.from_json(each, row["experiment_id"]) for row in rows for each in row["data"]
        ]


def _forecast_operation(forecast: ForecastRecord) -> Callable[[Session], None]:
    said = asdict(forecast)
    for name in ("campaign_id", "lab_time", "actor", "created", "spans"):
        del said[name]
    spans = [[each.name, each.start, each.end, each.held] for each in forecast.spans]
    row = _row(_FORECAST, {**said, "spans": spans}, forecast.lab_time, forecast.actor)
    row |= {"campaign_id": forecast.campaign_id, "experiment_id": None}
    if forecast.created is not None:
        row["recorded"] = encode.to_time(forecast.created)

    def operation(session: Session) -> None:
        _insert(session, {**row, "mode": mode_of(session, forecast.campaign_id)})

    return operation


def _held_operation(experiment_id: str, held: Sequence[Occupation]) -> Callable[[Session], None]:
    last = max((each.end for each in held), default=0.0)
    row = _row(_HELD, [each.to_json() for each in held], last, encode.ENGINE)
    row["experiment_id"] = experiment_id

    def operation(session: Session) -> None:
        found = session.one(_OWNER, {"experiment_id": experiment_id})
        if found is None:
            raise NotFoundError(f"no experiment has the id {experiment_id!r}")
        _insert(session, {**row, "campaign_id": found[0], "mode": found[1]})

    return operation


def _row(kind: str, data: object, lab_time: float, actor: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "lab_time": encode.number(lab_time, "the lab time of a schedule"),
        "data": encode.dump(data, "a schedule"),
        "actor": encode.text(actor, "who asks for a forecast"),
        "recorded": encode.now(),
    }


def _insert(session: Session, row: Mapping[str, Any]) -> None:
    session.link("schedule", session.rows(_INSERT, row)[0][0], row)


def _forecast(row: Mapping[str, Any]) -> ForecastRecord:
    said = dict(row["data"])
    return ForecastRecord(
        campaign_id=row["campaign_id"],
        lab_time=row["lab_time"],
        spans=tuple(ForecastSpan(*each) for each in said.pop("spans")),
        actor=row["actor"],
        created=encode.from_time(row["recorded"]),
        **said,
    )


def note_operation(experiment_id: str, reason: str) -> Callable[[Session], None]:
    """Return the operation that stores what a running experiment waits for."""
    note = {"id": experiment_id, "why": encode.text(reason, "what an experiment waits for")}

    def operation(session: Session) -> None:
        session.run(_NOTE, note)

    return operation


def before_waits(db: Connections, campaign_id: str) -> Sequence[tuple[float, float]]:
    """Return begin and end, in lab seconds, of times in the lab before a wait for a result."""
    begun: dict[str, float] = {}
    spans: list[tuple[float, float]] = []
    for row in db.rows(_TIMES, {"campaign_id": campaign_id}):
        key, time = row["experiment_id"], row["lab_time"]
        if row["to_state"] == ExperimentState.RUNNING.value:
            begun[key] = time
        elif key in begun:
            spans.append((begun.pop(key), time))
    return spans
