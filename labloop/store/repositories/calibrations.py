"""Calibrations of instruments: appended, never changed."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from sqlalchemy import select

from labloop.records import Calibration, CalibrationPoint, Mode
from labloop.store.engine import Session, insert_into
from labloop.store.repositories.connections import Connections
from labloop.store.schema import CalibrationRow, encode, table_of

_CALIBRATION = table_of(CalibrationRow)
_INSERT = insert_into(_CALIBRATION)


class SqlCalibrations:
    """The calibrations in a database; see the port ``Calibrations``."""

    def __init__(self, db: Connections) -> None:
        self._db = db

    def add(self, calibration: Calibration) -> Future[None]:
        """Append a calibration."""
        return self._db.prepared(lambda: _add_operation(calibration))

    def all(self, mode: Mode) -> Sequence[Calibration]:
        """Return the calibrations of a mode, by the time at which they were performed."""
        wanted = (
            select(_CALIBRATION)
            .where(_CALIBRATION.c.mode == mode.value)
            .order_by(_CALIBRATION.c.performed, _CALIBRATION.c.sequence)
        )
        return [_calibration(row) for row in self._db.rows(wanted)]


def _add_operation(made: Calibration) -> Callable[[Session], None]:
    points = [
        [encode.number(p.reference, "a reference"), encode.number(p.shown, "a value")]
        for p in made.points
    ]
    row = {
        "mode": made.mode.value,
        "device": encode.text(made.device, "the device of a calibration"),
        "serial_number": encode.text(made.serial_number, "the serial number of a calibration"),
        "quantity": encode.text(made.quantity, "the quantity of a calibration"),
        "unit": encode.text(made.unit, "the unit of a calibration"),
        "points": encode.dump(points, "the points of a calibration"),
        "performed": encode.to_time(made.performed),
        "due": None if made.due is None else encode.to_time(made.due),
        "performed_by": encode.text(made.performed_by, "who calibrated"),
        "note": encode.text(made.note, "the note of a calibration"),
        "actor": encode.text(made.actor, "who wrote a calibration down"),
        "recorded": encode.now(),
    }
    return lambda session: _run(session, row)


def _run(session: Session, row: Mapping[str, Any]) -> None:
    session.run(_INSERT, row)


def _calibration(row: Mapping[str, Any]) -> Calibration:
    performed = encode.from_time(row["performed"])
    assert performed is not None  # noqa: S101 - for the type checker
    return Calibration(
        device=row["device"],
        quantity=row["quantity"],
        mode=Mode(row["mode"]),
        performed=performed,
        serial_number=row["serial_number"],
        due=encode.from_time(row["due"]),
        performed_by=row["performed_by"],
        unit=row["unit"],
        points=tuple(CalibrationPoint(*pair) for pair in row["points"]),
        note=row["note"],
        actor=row["actor"],
        recorded=encode.from_time(row["recorded"]),
        sequence=row["sequence"],
    )
