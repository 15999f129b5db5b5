"""Raw data and outputs of experiments: appended, never changed."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import FromClause, Select, Table, func, select

from labloop.records import (
    ActualValue,
    AnalysisRecord,
    CurveData,
    Measurement,
    OutputValue,
    RawValue,
    ScalarValue,
)
from labloop.store.engine import Session, insert_for_sequence, insert_into
from labloop.store.repositories.arrays import EncodedArray
from labloop.store.repositories.connections import Connections
from labloop.store.schema import (
    AnalysisRow,
    ArrayRow,
    MeasurementRow,
    OutputValueRow,
    RawValueRow,
    encode,
    table_of,
)

_MEASUREMENT = table_of(MeasurementRow)
_ANALYSIS = table_of(AnalysisRow)
_RAW = table_of(RawValueRow)
_OUTPUT = table_of(OutputValueRow)
_ARRAY = table_of(ArrayRow)
_INSERT_MEASUREMENT = insert_for_sequence(_MEASUREMENT)
_INSERT_ANALYSIS = insert_for_sequence(_ANALYSIS)
_INSERT_RAW = insert_into(_RAW)
_INSERT_OUTPUT = insert_into(_OUTPUT)
_EMPTY: dict[str, Any] = dict.fromkeys(
    ("value", "sd", "unit", "text", "x_unit", "x_sha256", "y_sha256")
)

_REACHED = "actual "
"""Prefix of the name of a category that was reached; rows of kind ``actual`` hold numbers."""

SaveOperation = Callable[[Session, str, str], None]
"""Stores values, given the session, the campaign's id and the mode."""


def raw_operation(
    db: Connections,
    experiment_id: str,
    measurement: Measurement,
    actor: str = encode.ENGINE,
) -> SaveOperation:
    """Return the operation that appends a measurement."""
    arrays: list[EncodedArray] = []
    rows = _value_rows(measurement.raw, arrays)
    for name, value in measurement.actual.items():
        if isinstance(value, str):
            row = _text_row(_REACHED + name, value)
        else:
            row = _scalar_row(name, value, "actual")
        rows.append(row | {"position": len(rows)})
    row = {
        "experiment_id": experiment_id,
        "actor": encode.text(actor, "the actor of a measurement"),
        "recorded": encode.now(),
    }

    def save(session: Session, campaign_id: str, mode: str) -> None:
        head = {**row, "campaign_id": campaign_id, "mode": mode}
        sequence = session.rows(_INSERT_MEASUREMENT, head)[0][0]
        db.arrays.write(session, arrays)
        session.many(_INSERT_RAW, [{**value, "sequence": sequence} for value in rows])
        session.link("measurement", sequence, head, rows)

    return save


def output_operation(
    db: Connections,
    experiment_id: str,
    outputs: Mapping[str, OutputValue],
    analysis: str,
    actor: str,
) -> SaveOperation:
    """Return the operation that appends outputs."""
    arrays: list[EncodedArray] = []
    rows = _value_rows(outputs, arrays)
    row = {
        "experiment_id": experiment_id,
        "analysis": encode.text(analysis, "the hash of an analysis"),
        "actor": encode.text(actor, "the actor of an analysis"),
        "recorded": encode.now(),
    }

    def save(session: Session, campaign_id: str, mode: str) -> None:
        head = {**row, "campaign_id": campaign_id, "mode": mode}
        sequence = session.rows(_INSERT_ANALYSIS, head)[0][0]
        db.arrays.write(session, arrays)
        session.many(_INSERT_OUTPUT, [{**value, "sequence": sequence} for value in rows])
        session.link("analysis", sequence, head, rows)

    return save


def newest_raw(db: Connections, experiment_id: str) -> Measurement | None:
    """Return the newest measurement of an experiment, or None."""
    newest = db.one(
        select(func.max(_MEASUREMENT.c.sequence).label("sequence")).where(
            _MEASUREMENT.c.experiment_id == experiment_id
        )
    )
    if newest is None or newest["sequence"] is None:
        return None
    found = db.rows(
        select(_RAW).where(_RAW.c.sequence == newest["sequence"]).order_by(_RAW.c.position)
    )
    arrays = _arrays(db, _hashes(_RAW, _RAW).where(_RAW.c.sequence == newest["sequence"]))
    raw: dict[str, RawValue] = {}
    actual: dict[str, ActualValue] = {}
    for row in found:
        if _is_actual(row):
            actual |= _actual(row)
        else:
            raw[row["name"]] = row["text"] if row["kind"] == "text" else _value(row, arrays)
    return Measurement(raw, actual)


def newest_actual(db: Connections, campaign_id: str) -> dict[str, dict[str, ActualValue]]:
    """Return experiment id -> condition -> what was reached, of its newest measurement."""
    newest = (
        select(func.max(_MEASUREMENT.c.sequence).label("sequence"))
        .where(_MEASUREMENT.c.campaign_id == campaign_id)
        .group_by(_MEASUREMENT.c.experiment_id)
        .subquery()
    )
    reached = (_RAW.c.kind == "actual") | (
        (_RAW.c.kind == "text") & _RAW.c.name.startswith(_REACHED, autoescape=True)
    )
    found = db.rows(
        select(_RAW, _MEASUREMENT.c.experiment_id)
        .join_from(_RAW, newest, newest.c.sequence == _RAW.c.sequence)
        .join(_MEASUREMENT, _MEASUREMENT.c.sequence == _RAW.c.sequence)
        .where(reached)
        .order_by(_RAW.c.sequence, _RAW.c.position)
    )
    made: dict[str, dict[str, ActualValue]] = defaultdict(dict)
    for row in found:
        made[row["experiment_id"]] |= _actual(row)
    return dict(made)


def _is_actual(row: Mapping[str, Any]) -> bool:
    named = str(row["name"]).startswith(_REACHED)
    return bool(row["kind"] == "actual" or (row["kind"] == "text" and named))


def _actual(row: Mapping[str, Any]) -> dict[str, ActualValue]:
    if row["kind"] == "text":
        return {row["name"].removeprefix(_REACHED): row["text"]}
    return {row["name"]: ScalarValue(row["value"], row["unit"], row["sd"])}


def newest_outputs(
    db: Connections, campaign_id: str, experiment_id: str | None
) -> dict[str, dict[str, OutputValue]]:
    """Return experiment id -> output name -> newest value, of all or of one experiment."""
    ours = _ANALYSIS.c.campaign_id == campaign_id
    if experiment_id is not None:
        ours &= _ANALYSIS.c.experiment_id == experiment_id
    found = db.rows(
        select(_OUTPUT, _ANALYSIS.c.experiment_id)
        .join_from(_OUTPUT, _ANALYSIS, _ANALYSIS.c.sequence == _OUTPUT.c.sequence)
        .where(ours)
        .order_by(_OUTPUT.c.sequence, _OUTPUT.c.position)
    )
    newest: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for row in found:
        newest[row["experiment_id"]][row["name"]] = row
    arrays: Mapping[str, CurveData | Any] = {}
    if any(row["kind"] == "curve" for row in found):
        joined = _ANALYSIS.c.sequence == _OUTPUT.c.sequence
        arrays = _arrays(db, _hashes(_OUTPUT.join(_ANALYSIS, joined), _OUTPUT).where(ours))
    return {
        experiment: {name: _value(row, arrays) for name, row in rows.items()}
        for experiment, rows in newest.items()
    }


def all_analyses(db: Connections, campaign_id: str) -> list[AnalysisRecord]:
    """Return the numbers of every analysis, in order; one without any has none."""
    heads = db.rows(
        select(_ANALYSIS)
        .where(_ANALYSIS.c.campaign_id == campaign_id)
        .order_by(_ANALYSIS.c.sequence)
    )
    found = db.rows(
        select(_OUTPUT)
        .join_from(_OUTPUT, _ANALYSIS, _ANALYSIS.c.sequence == _OUTPUT.c.sequence)
        .where(_ANALYSIS.c.campaign_id == campaign_id, _OUTPUT.c.kind == "scalar")
        .order_by(_OUTPUT.c.sequence, _OUTPUT.c.position)
    )
    outputs: dict[int, dict[str, ScalarValue]] = defaultdict(dict)
    for row in found:
        outputs[row["sequence"]][row["name"]] = ScalarValue(row["value"], row["unit"], row["sd"])
    return [
        AnalysisRecord(
            experiment_id=head["experiment_id"],
            outputs=outputs.get(head["sequence"], {}),
            analysis=head["analysis"],
            actor=head["actor"],
            recorded=encode.from_time(head["recorded"]),
        )
        for head in heads
    ]


def _value_rows(named: Mapping[str, RawValue], arrays: list[EncodedArray]) -> list[dict[str, Any]]:
    rows = []
    for position, (name, value) in enumerate(named.items()):
        if isinstance(value, CurveData):
            row = _curve_row(name, value, arrays)
        elif isinstance(value, str):
            row = _text_row(name, value)
        else:
            row = _scalar_row(name, value, "scalar")
        rows.append(row | {"position": position})
    return rows


def _text_row(name: str, value: str) -> dict[str, Any]:
    return _EMPTY | {
        "name": encode.text(name, "the name of a value"),
        "kind": "text",
        "text": encode.text(value, f"the text {name}"),
    }


def _scalar_row(name: str, value: ScalarValue, kind: str) -> dict[str, Any]:
    return _EMPTY | {
        "name": encode.text(name, "the name of a value"),
        "kind": kind,
        "value": encode.number(value.value, name),
        "sd": encode.number(value.sd, f"the standard deviation of {name}"),
        "unit": encode.text(value.unit, f"the unit of {name}"),
    }


def _curve_row(name: str, curve: CurveData, arrays: list[EncodedArray]) -> dict[str, Any]:
    x, y = EncodedArray.of(curve.x), EncodedArray.of(curve.y)
    arrays += [x, y]
    return _EMPTY | {
        "name": encode.text(name, "the name of a value"),
        "kind": "curve",
        "unit": encode.text(curve.y_unit, f"the unit of {name}"),
        "x_unit": encode.text(curve.x_unit, f"the unit of the axis of {name}"),
        "x_sha256": x.sha256,
        "y_sha256": y.sha256,
    }


def _hashes(rows: FromClause, table: Table) -> Select[Any]:
    joined = (_ARRAY.c.sha256 == table.c.x_sha256) | (_ARRAY.c.sha256 == table.c.y_sha256)
    return select(_ARRAY).select_from(rows.join(_ARRAY, joined)).distinct()


def _arrays(db: Connections, wanted: Select[Any]) -> dict[str, Any]:
    return {row["sha256"]: db.arrays.read(row) for row in db.rows(wanted)}


def _value(row: Mapping[str, Any], arrays: Mapping[str, Any]) -> OutputValue:
    if row["kind"] == "curve":
        x, y = arrays[row["x_sha256"]], arrays[row["y_sha256"]]
        return CurveData(x, y, row["x_unit"], row["unit"])
    return ScalarValue(row["value"], row["unit"], row["sd"])
