"""Requests for stations and devices, what they are given, and what is told of those that wait."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from labloop.lab.devices import Scope
from labloop.lab.procedure.stations import Station, StationPool


@dataclass(slots=True, eq=False)
class Hold:
    """Stations that one experiment has."""

    scope: Scope
    stations: dict[StationPool, Station]
    use: int
    """Number of its request among those of the experiment."""
    seconds: float
    """Until all of them are ready, from when they were given."""


@dataclass(slots=True, eq=False)
class Request:
    """An experiment that asks for one station of each of some kinds, all at once."""

    scope: Scope
    settings: dict[StationPool, float | str | None]
    """What it asks for, and at which settings."""
    number: int
    """Its place in the order in which requests came."""
    use: int
    """Its number among the requests of the experiment, from 1."""
    asked: float
    """Lab second."""
    given: "asyncio.Future[Hold]"
    enclosing: tuple[Hold, ...]
    """What it holds and cannot give back while it waits."""
    passed: int = 0
    """Later requests that were served before it."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it asks for."""
        return tuple(pool.kind for pool in self.settings)


@dataclass(frozen=True, slots=True)
class Wait:
    """An experiment that waits."""

    experiment_id: str
    kinds: tuple[str, ...]
    """Of stations, or devices."""
    asked: float
    """Lab second."""
    holders: tuple[str, ...]
    """The experiments that have what it waits for."""
    kept_for: tuple[str, ...] = ()
    """The experiments for which a plan keeps what is free."""

    def words(self, now: float) -> str:
        """Return for what it waits, who has that, and since when."""
        what = " and ".join(self.kinds)
        return f"waits for {what}{self._whose}, since {_time(now - self.asked)}"

    @property
    def _whose(self) -> str:
        """Who has it, or for whom it is kept."""
        who = ", ".join(short_name(each) for each in self.holders)
        if who:
            return f", which {who} {'has' if len(self.holders) == 1 else 'have'}"
        kept = ", ".join(short_name(each) for each in self.kept_for)
        return f", which is kept for {kept}" if kept else ""


def holders(pools: Collection[StationPool]) -> tuple[str, ...]:
    """Return the experiments that have stations of these pools."""
    return tuple(
        dict.fromkeys(
            hold.scope.experiment_id or "the lab"
            for pool in pools
            for station in list(pool.stations)
            for hold in list(station.inside)
        )
    )


def short_name(experiment_id: str) -> str:
    """Return ``experiment 7`` for an id that ends in a number, else the id."""
    number = experiment_id.rpartition("-")[2]
    return f"experiment {int(number)}" if number.isdigit() else experiment_id


def _time(seconds: float) -> str:
    """Return a duration of lab time as a person says it."""
    if seconds < 60:
        return "a moment"
    shown = f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
    return f"{shown} of lab time"
