"""Signals that are read off a class of somebody's library, and what had to be left out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from labloop.errors import DefinitionError
from labloop_adapters.base.blocking import BlockingDevice
from labloop_adapters.base.signals import Signal

NO_LIMIT = 1e15
"""A bound beyond this says that there is none."""


@dataclass(slots=True)
class Inferred:
    """What a class of somebody's library offers.

    Args:
        words: pairs of a pattern of words, as docstrings use them, and the unit that is meant.
    """

    words: Sequence[tuple[str, str]] = ()
    signals: dict[str, Signal] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """Name -> why it is not offered."""

    def leave(self, name: str, why: str) -> None:
        """Leave ``name`` out."""
        self.left_out[name] = why

    def unit(self, doc: str) -> str:
        """Return the unit that a docstring names ("in Volts", "(V)"); ``1`` where it names none."""
        for pattern, unit in self.words:
            if re.search(rf"(\bin (the unit(s)? of )?({pattern})(?![\w/]))", doc, re.IGNORECASE):
                return unit
        return "1"

    def add(self, name: str, signal: Signal, values: Sequence[Any]) -> None:
        """Add a signal that may take ``values``: words, on and off, or numbers."""
        if not name.isidentifier() or hasattr(BlockingDevice, name):
            self.leave(name, "has a name that every device uses itself")
            return
        made = _with_values(signal, values)
        if made.get is None and made.set is None:
            self.leave(name, "is neither a number nor on and off")
        else:
            self.signals[name] = made


def _with_values(signal: Signal, values: Sequence[Any]) -> Signal:
    numbers = [v for v in values if _is_limit(v)]
    kinds = {type(value) for value in values}
    if values and kinds == {bool}:
        return replace(signal, kind="flag", unit="1")
    words = {value.casefold(): value for value in values} if kinds == {str} else {}
    if set(words) == {"on", "off"}:
        return replace(signal, kind="flag", unit="1", words=(words["off"], words["on"]))
    if words:
        # A word that is told cannot be kept as a reading.
        return replace(signal, choices=tuple(values), unit="1", get=None)
    if len(numbers) == len(values) > 1:
        low, high = float(min(numbers)), float(max(numbers))
        return replace(signal, ge=low, le=high) if low < high else signal
    return signal


def _is_limit(value: Any) -> bool:
    """Return whether a value bounds anything: 9.2e18 is the end of an integer, and no limit."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and abs(value) < NO_LIMIT


def chosen(cls: type[Any], found: Inferred) -> Inferred:
    """Return what a driver takes of what its class offers, with its own units and limits.

    Args:
        cls: has ``only``, ``units`` and ``limits``.
        found: what is offered.

    Raises:
        DefinitionError: it names something that is not there.
    """
    own: Mapping[str, Any] = vars(cls).get("signals", {})
    known = {*found.signals, *(name.removeprefix("set_") for name in found.left_out), *own}
    unknown = sorted({*cls.only, *cls.units, *cls.limits} - known)
    if unknown:
        raise DefinitionError(
            f"{cls.__qualname__} names {', '.join(unknown)}, which {cls.instrument} does not "
            f"have; it has {', '.join(sorted(known)) or 'nothing'}"
        )
    kept = Inferred(found.words)
    kept.left_out = dict(found.left_out)
    for name, signal in found.signals.items():
        if cls.only and name not in cls.only:
            continue
        made = replace(signal, unit=cls.units.get(name, signal.unit))
        if name in cls.limits:
            low, high = cls.limits[name]
            made = replace(made, ge=float(low), le=float(high), gt=None, lt=None)
        if made.set is not None and made.mistake(name):
            # To what it may be set, a person has to say.
            kept.leave(f"set_{name}", "has no limits; say limits = {...} to have it")
            made = replace(made, set=None)
        if made.get is not None or made.set is not None:
            kept.signals[name] = made
    return kept
