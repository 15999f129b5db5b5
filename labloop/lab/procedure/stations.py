"""Stations that are alike: which of them is free, and how long it takes to be ready for a use."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from labloop.errors import ProcedureError, UnitError
from labloop.lab.configuration import StationRules
from labloop.lab.procedure.plan import StationState
from labloop.units import Quantity, is_quantity, magnitude

Setting: TypeAlias = "Quantity | float | str | None"
"""What a station is set to during a use, such as a temperature; None where that is all one."""


@dataclass(slots=True, eq=False)
class Station:
    """One station, or one device that an experiment may have to itself."""

    name: str
    inside: set[Any] = field(default_factory=set)
    """The holds that are in it."""
    setting: float | str | None = None
    """Of the use that goes on, or of the newest one; None before the first."""
    ready_at: float = 0.0
    """Lab second from which on it is ready for the use that goes on."""
    clean_at: float = 0.0
    """Lab second from which on it is free for the next use."""
    withdrawn: bool = False
    """Whether it is given to nobody."""
    used: bool = False
    """Whether it was used before."""


class StationPool:
    """The stations of one kind.

    Args:
        names: of the stations.
        kind: their name in the lab file, or the device that is locked.
        rules: what a use takes.
        key: what a plan calls them; the kind if left out.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        kind: str = "",
        rules: StationRules | None = None,
        key: str = "",
    ) -> None:
        self.kind = kind
        self.key = key or kind
        self.rules = rules or StationRules()
        self._order = {name: place for place, name in enumerate(names)}
        self.stations = [Station(name) for name in names]
        """Those that are free are in the order in which they became so."""

    def setting(self, given: Setting) -> float | str | None:
        """Return a setting as it is compared.

        Raises:
            ProcedureError: the stations need one and have none, or it has the wrong unit.
        """
        rules = self.rules
        if given is None:
            if rules.parameter:
                unit = f", in {rules.unit}" if rules.unit else ""
                raise ProcedureError(
                    f"a use of {self.kind} needs its {rules.parameter}{unit}: "
                    f"lab.any({self.kind!r}, setting=x.{rules.parameter})"
                )
            return None
        if isinstance(given, str) and not rules.unit:
            return given
        if is_quantity(given) and not rules.unit and rules.parameter:
            raise ProcedureError(
                f"a {rules.parameter} of {self.kind} has a unit, got {given:~}; say so in the lab "
                f"file: change_over = {{ parameter = {rules.parameter!r}, unit = ..., time = ... }}"
            )
        if is_quantity(given) and not rules.unit:
            return f"{given:~}"
        try:
            number = magnitude(given, rules.unit or "1", f"the setting of {self.kind}")
        except UnitError as error:
            raise ProcedureError(str(error)) from error
        # Two ways to the same number, such as K and degC, are one setting.
        return float(f"{number:.9g}")

    def best(self, setting: float | str | None, now: float) -> Station | None:
        """Return the station that is ready for a use first; None where all are taken."""
        free = [each for each in self.stations if self._is_open(each, setting, now)]
        return min(free, key=lambda each: self.preparing(each, setting, now), default=None)

    def has_room(self, station: Station, setting: float | str | None) -> bool:
        """Return whether one more sample can be put beside those that are in a station."""
        room = len(station.inside) < self.rules.capacity
        return room and station.setting == setting

    def preparing(self, station: Station, setting: float | str | None, now: float) -> float:
        """Return the seconds that pass until ``station`` is ready for a use at ``setting``."""
        rules = self.rules
        left = max(0.0, station.ready_at - now)
        if station.inside:
            return left
        if self._is_cold(station, now):
            return rules.warm_up
        return max(left, rules.change_over if station.setting != setting else 0.0)

    def states(self, now: float) -> tuple[StationState, ...]:
        """Return how each station stands for its next use, in order of their names."""
        return tuple(
            StationState(each.name, each.clean_at, self._is_cold(each, now), each.setting)
            for each in sorted(self.stations, key=lambda station: self._order[station.name])
        )

    def room(self, setting: float | str | None, now: float) -> int:
        """Return how many could enter at ``setting`` now."""
        return sum(
            self.rules.capacity - len(each.inside)
            for each in self.stations
            if self._is_open(each, setting, now)
        )

    def put(self, hold: object, station: Station, setting: float | str | None, now: float) -> float:
        """Let ``hold`` into a station and return the seconds until it is ready."""
        seconds = self.preparing(station, setting, now)
        station.inside.add(hold)
        station.used, station.setting, station.ready_at = True, setting, now + seconds
        return seconds

    def take_out(self, hold: object, station: Station, now: float) -> None:
        """Take ``hold`` out of a station."""
        station.inside.discard(hold)
        if not station.inside:
            station.clean_at = now + self.rules.cleaning
        # The one that became free last is the last one to be taken.
        self.stations.remove(station)
        self.stations.append(station)

    def withdraw(self, name: str) -> None:
        """Give a station to nobody from now on, where it is one of these; who has it keeps it."""
        for station in self.stations:
            station.withdrawn |= station.name == name

    def restore(self) -> None:
        """Let all stations be given to experiments again."""
        for station in self.stations:
            station.withdrawn = False

    def _is_cold(self, station: Station, now: float) -> bool:
        if station.inside:
            return False
        return not station.used or now - station.clean_at > self.rules.idle_for

    def _is_open(self, station: Station, setting: float | str | None, now: float) -> bool:
        if station.withdrawn:
            return False
        if not station.inside:
            return now >= station.clean_at
        return self.has_room(station, setting)
