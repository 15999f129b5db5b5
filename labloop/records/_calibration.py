"""Calibrations: what a person found when a value was compared with a reference, and until when."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from labloop.errors import UnitError
from labloop.records._states import Mode
from labloop.units import convert, split_quantity

_WORDS = {"day": 1.0, "week": 7.0, "month": 30.0, "year": 365.0}
_AGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(day|week|month|year)s?\s*")
_LONGEST = 100 * 365.0
"""Days."""


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """One comparison, in the unit of the calibration."""

    reference: float
    """The true value."""
    shown: float
    """What the instrument showed, or did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """One calibration of one value of an instrument: kept, and nothing is corrected by it."""

    device: str
    """Its name in the lab file."""
    quantity: str
    """A read of the device, or an action."""
    mode: Mode
    performed: datetime
    serial_number: str = ""
    """As the lab file names it; that of another instrument of the same name does not count."""
    due: datetime | None = None
    """When the next one is due; None where only a requirement says so."""
    performed_by: str = ""
    unit: str = "1"
    points: tuple[CalibrationPoint, ...] = ()
    note: str = ""
    """Such as the number of a certificate."""
    actor: str = ""
    """Who wrote it down."""
    recorded: datetime | None = None
    sequence: int = 0

    @property
    def name(self) -> str:
        """Device and quantity, as a requirement names them."""
        return f"{self.device}.{self.quantity}"

    def is_of(self, device: str, quantity: str, serial_number: str) -> bool:
        """Return whether it is of that value of that instrument."""
        known = not serial_number or self.serial_number == serial_number
        return known and (self.device, self.quantity) == (device, quantity)

    def is_overdue(self, now: datetime) -> bool:
        """Return whether the next one was due before ``now``."""
        return self.due is not None and self.due <= now

    def sentence(self, now: datetime) -> str:
        """Return who calibrated what and when, and when the next one is due."""
        due = "" if self.due is None else f", due {self.due:%Y-%m-%d}"
        overdue = " (OVERDUE)" if self.is_overdue(now) else ""
        return f"{self.name} on {self.performed:%Y-%m-%d} by {self.performed_by}{due}{overdue}"


def calibration_age(text: str) -> timedelta:
    """Return an age such as ``"30 days"``, ``"1 year"`` (365 days) or ``"12 h"``.

    Raises:
        UnitError: it is no time above zero.
    """
    match = _AGE.fullmatch(text)
    if match is not None:
        days = float(match[1]) * _WORDS[match[2]]
    else:
        days = convert(*split_quantity(text), "d")
    if not 0 < days <= _LONGEST:
        raise UnitError(f"the age of a calibration is above 0, such as '30 days'; got {text!r}")
    return timedelta(days=days)
