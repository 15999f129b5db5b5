"""What stands in for a library in simulation: each signal remembers, or follows another one."""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from labloop.errors import DefinitionError
from labloop.units import convert, split_quantity
from labloop_adapters.base.signals import Signal


@dataclass(frozen=True, slots=True)
class Follows:
    """How a value comes about: ``gain * what it follows + offset``, late and with noise.

    ``Follows("setpoint", lag=60, noise=0.05)`` is a bath that needs a minute for 63 % of a step.
    """

    signal: str = ""
    """The signal that can be set and that it follows; empty where it stays at ``offset``."""
    lag: float = 0.0
    """Lab seconds in which it makes up 63 % of a change."""
    gain: float = 1.0
    offset: float = 0.0
    noise: float = 0.0
    """Standard deviation, in the unit of the signal; the same in every run of a seed."""
    start: float | None = None
    """Where it begins; at its goal unless said otherwise."""


_NAMES = {"follows": "signal"} | {each.name: each.name for each in fields(Follows)}
_TIMES, _VALUES = ("lag",), ("offset", "noise", "start")


def follows_of(table: Mapping[str, Any], unit: str, where: str) -> Follows:
    """Return what ``{ follows = "setpoint", lag = "60 s", noise = "0.1 degC" }`` says.

    Args:
        table: from a lab file; plain numbers are in s and in ``unit``.
        unit: of the signal.
        where: names the table in messages.

    Raises:
        DefinitionError: it cannot be used.
    """
    if not isinstance(table, Mapping) or set(table) - set(_NAMES):
        raise DefinitionError(
            f"{where} knows follows, lag, gain, offset, noise and start; got {table!r}"
        )
    said = {_NAMES[key]: value for key, value in table.items()}
    for key in (*_TIMES, *_VALUES):
        if isinstance(said.get(key), str):
            to = "s" if key in _TIMES else unit
            said[key] = convert(*split_quantity(said[key]), to)
    if not all(isinstance(v, (int, float)) for k, v in said.items() if k != "signal"):
        raise DefinitionError(f"{where} needs numbers or quantities in quotes; got {table!r}")
    return Follows(**said)


@dataclass(slots=True)
class _State:
    """Where a value was, where it goes, and since when."""

    begin: float
    goal: float
    since: float


class SimulatedSignals:
    """Answers for an instrument that has no emulator and whose library has no simulation.

    Args:
        signals: of the device.
        follows: how those come about that are more than what was set.
        now: lab seconds.
        note: is told ``(signal, value)`` of everything that is set.
        seed: of the noise, a text that names world and device.

    Raises:
        DefinitionError: something follows what cannot be set.
    """

    def __init__(
        self,
        signals: Mapping[str, Signal],
        follows: Mapping[str, Follows],
        now: Callable[[], float],
        note: Callable[[str, Any], object],
        seed: str,
    ) -> None:
        self._signals = signals
        self._follows = follows
        self._now = now
        self._note = note
        self._noise = random.Random(seed)  # noqa: S311 - noise, not secrets
        settable = [name for name, each in signals.items() if each.set is not None]
        for name, each in follows.items():
            if name not in signals or (each.signal and each.signal not in settable):
                raise DefinitionError(
                    f"in simulation {name!r} cannot follow {each.signal!r}; signals are "
                    f"{', '.join(signals)}, and those that can be set are "
                    f"{', '.join(settable) or 'none'}"
                )
        self._set: dict[str, Any] = {name: _first(each) for name, each in signals.items()}
        self._states = {name: self._begun(each) for name, each in follows.items()}

    def get(self, name: str) -> Any:
        """Return what the instrument would tell now."""
        follows = self._follows.get(name)
        if follows is None:
            return self._set[name]
        state = self._states[name]
        value = self._value(state, follows)
        if follows.noise:
            value += self._noise.gauss(0.0, follows.noise)
        return value

    def set(self, name: str, value: Any) -> None:
        """Let the instrument be told."""
        self._note(name, value)
        self._set[name] = value
        for other, follows in self._follows.items():
            if follows.signal == name:
                begin = self._value(self._states[other], follows)
                self._states[other] = _State(begin, self._goal(follows), self._now())

    def _begun(self, follows: Follows) -> _State:
        goal = self._goal(follows)
        return _State(goal if follows.start is None else follows.start, goal, self._now())

    def _goal(self, follows: Follows) -> float:
        told = float(self._set[follows.signal]) if follows.signal else 0.0
        return follows.gain * told + follows.offset

    def _value(self, state: _State, follows: Follows) -> float:
        if not follows.lag:
            return state.goal
        left = math.exp((state.since - self._now()) / follows.lag)
        return state.goal + (state.begin - state.goal) * left


def _first(signal: Signal) -> Any:
    """Return the value with which a signal begins: off, the first word, the number next to 0."""
    if signal.choices:
        return signal.choices[0]
    if signal.kind == "flag":
        return False
    low = signal.ge if signal.ge is not None else signal.gt
    high = signal.le if signal.le is not None else signal.lt
    return min(max(0.0, low if low is not None else 0.0), high if high is not None else math.inf)
