"""Verbs of calibrations: calibrate writes one down, calibrations lists them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from labloop.cli.contact.session import DeviceName, LabToml, RealLab, driver_of, read_lab_file
from labloop.cli.terminal import (
    Database,
    console,
    mode_of,
    open_repositories,
    read_day,
    table_lines,
)
from labloop.errors import DefinitionError, UnitError
from labloop.records import Calibration, CalibrationPoint, calibration_age

_HEADER = ("device", "quantity", "performed", "by", "due", "found", "serial number", "note")


def calibrate(
    lab: LabToml,
    name: DeviceName,
    quantity: Annotated[
        str, typer.Argument(metavar="QUANTITY", help="a read or an action of the device")
    ],
    points: Annotated[
        list[str] | None,
        typer.Argument(metavar="REFERENCE=SHOWN...", help='such as "100 g=100.02 g"'),
    ] = None,
    *,
    on: Annotated[str, typer.Option("--on", help="the day, as 2026-11-30; today if left out")] = "",
    due: Annotated[
        str, typer.Option("--due", help="when the next one is due: a day, or a time as '1 year'")
    ] = "",
    by: Annotated[str, typer.Option("--by", help="who did it; you if left out")] = "",
    note: Annotated[str, typer.Option("--note", help="such as the number of a certificate")] = "",
    db: Database = None,
    real: RealLab = False,
) -> None:
    """Write down a calibration that was done; nothing is sent, and no value is corrected by it."""
    from labloop.campaign import current_user  # noqa: PLC0415 - keeps labloop --help quick

    lab_file = read_lab_file(lab)
    part = lab_file.part(name)
    driver = driver_of(part, name)
    known = (*driver.reads, *driver.actions)
    if quantity not in known:
        raise DefinitionError(
            f"{name} has no read and no action {quantity!r}; it has: {', '.join(known)}"
        )
    performed = read_day(on, "--on") if on else datetime.now(UTC)
    if performed > datetime.now(UTC):
        raise DefinitionError(f"--on {on} is still to come; write a calibration down afterwards")
    unit, made = _points(points or ())
    record = Calibration(
        device=name,
        quantity=quantity,
        mode=mode_of(real),
        performed=performed,
        serial_number=part.devices[name].serial_number,
        due=_due(due, performed),
        performed_by=by or current_user(),
        unit=unit,
        points=made,
        note=note,
        actor=current_user(),
    )
    with open_repositories(db, create=True) as repositories:
        repositories.calibrations.add(record).result()
        console().print(f"database  {repositories.url}")
    console().print(f"recorded  {record.sentence(datetime.now(UTC))} ({record.mode.value})")


def calibrations(*, db: Database = None, real: RealLab = False) -> None:
    """List the calibrations of a database; the newest of each value counts."""
    with open_repositories(db, read_only=True) as repositories:
        found = repositories.calibrations.all(mode_of(real))
        console().print(f"database  {repositories.url}")
    if not found:
        console().print(f"none      of a {mode_of(real).value} instrument is recorded")
        return
    for line in table_lines(_HEADER, [_row(each) for each in found]):
        console().print(line)


def _row(record: Calibration) -> tuple[str, ...]:
    due = "-" if record.due is None else f"{record.due:%Y-%m-%d}"
    overdue = " OVERDUE" if record.is_overdue(datetime.now(UTC)) else ""
    found = ", ".join(f"{p.reference:g}={p.shown:g} {record.unit}" for p in record.points)
    return (
        record.device,
        record.quantity,
        f"{record.performed:%Y-%m-%d}",
        record.performed_by,
        due + overdue,
        found or "-",
        record.serial_number or "-",
        record.note or "-",
    )


def _due(text: str, performed: datetime) -> datetime | None:
    """Return the day on which the next one is due, also given as a time after this one."""
    if not text:
        return None
    if text[:4].isdigit() and "-" in text:
        due = read_day(text, "--due")
        after: timedelta = due - performed
        if after <= timedelta(0):
            raise DefinitionError(f"--due {text} is not after the calibration itself")
        return due
    try:
        return performed + calibration_age(text)
    except UnitError as error:
        raise UnitError(f"--due is a day, or a time such as '1 year': {error}") from error


def _points(texts: Sequence[str]) -> tuple[str, tuple[CalibrationPoint, ...]]:
    """Return the unit and the comparisons; raises DefinitionError, UnitError."""
    from labloop.units import convert, split_quantity  # noqa: PLC0415 - keeps --help quick

    unit, made = "1", []
    for number, text in enumerate(texts):
        reference, equal, shown = text.partition("=")
        if not equal:
            raise DefinitionError(
                f"a comparison is REFERENCE=SHOWN, such as '100 g=100.02 g', got {text!r}"
            )
        value, of_reference = split_quantity(reference)
        unit = unit if number else of_reference
        told = convert(*split_quantity(shown), unit)
        made.append(CalibrationPoint(convert(value, of_reference, unit), told))
    return unit, tuple(made)
