"""Interlocks: rules between devices, checked on fresh readings."""

import operator
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from labloop.errors import InterlockError, LabFileError
from labloop.records import Quality, Reading
from labloop.units import convert, split_quantity

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}
_TERM = re.compile(r"\s*(\w+)\.(\w+)\s*(>=|<=|==|>|<)\s*(.+?)\s*")


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: ``<device>.<read> <op> <quantity>``."""

    device: str
    read: str
    sign: str
    value: float
    unit: str

    def holds(self, reading: Reading) -> bool:
        """Return whether ``reading`` satisfies the term; one that is not OK never does."""
        if reading.quality is not Quality.OK or reading.value is None:
            return False
        return _OPERATORS[self.sign](convert(reading.value, reading.unit, self.unit), self.value)

    @property
    def description(self) -> str:
        """The term as a person writes it."""
        return f"{self.device}.{self.read} {self.sign} {_amount(self.value, self.unit)}"


@dataclass(frozen=True, slots=True)
class Interlock:
    """An action that is allowed only while every term holds; ``because`` says why."""

    device: str
    action: str
    terms: tuple[Term, ...]
    because: str
    max_age: float = 5.0
    """Lab seconds; where the latest reading is older, it is read again."""


def parse_terms(text: str) -> tuple[Term, ...]:
    """Return the terms of ``a.b >= 1 rpm and c.d < 50 degC``; raises LabFileError, UnitError."""
    return tuple(_term(part) for part in re.split(r"\s+and\s+", text.strip()))


def _term(text: str) -> Term:
    match = _TERM.fullmatch(text)
    if match is None:
        raise LabFileError(
            f"an interlock requires '<device>.<read> <op> <quantity>' with one of "
            f"{' '.join(_OPERATORS)}, joined by 'and'; got {text!r}"
        )
    value, unit = split_quantity(match[4])
    return Term(match[1], match[2], match[3], value, unit)


class Readings(Protocol):
    """The source of readings: the latest one, and a fresh one."""

    def latest(self, device: str, read: str) -> Reading | None:
        """Return what was read last, or None."""
        ...

    def fresh(self, device: str, read: str) -> Awaitable[Reading]:
        """Read now; raises DeviceError."""
        ...


@dataclass(frozen=True, slots=True)
class InterlockCheck:
    """Checks the interlocks of a lab.

    Args:
        interlocks: all of them.
        readings: where readings come from.
        now: returns the lab second.
    """

    interlocks: Sequence[Interlock]
    readings: Readings
    now: Callable[[], float]

    async def __call__(self, device: str, action: str) -> None:
        """Check one action; readings that are too old are read again.

        Raises:
            InterlockError: a term does not hold.
            DeviceError: a device could not be read.
        """
        for interlock in self.interlocks:
            if (interlock.device, interlock.action) != (device, action):
                continue
            for term in interlock.terms:
                reading = await self._reading(term, interlock.max_age)
                if not term.holds(reading):
                    raise InterlockError(_refusal(interlock, term, reading))

    async def _reading(self, term: Term, max_age: float) -> Reading:
        known = self.readings.latest(term.device, term.read)
        if known is not None and self.now() - known.time <= max_age:
            return known
        return await self.readings.fresh(term.device, term.read)


def _refusal(interlock: Interlock, term: Term, reading: Reading) -> str:
    amount = None if reading.value is None else _amount(reading.value, reading.unit)
    found = reading.quality.value if amount is None else amount
    return (
        f"{interlock.device}.{interlock.action} needs {term.description}, but "
        f"{term.device}.{term.read} is {found}: {interlock.because}; nothing was sent"
    )


def _amount(value: float, unit: str) -> str:
    """Return a value as a person writes it, without the unit ``1``."""
    return f"{value:g}" if unit == "1" else f"{value:g} {unit}"
