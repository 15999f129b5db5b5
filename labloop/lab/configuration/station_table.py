"""``[stations.<kind>]`` of a lab file: stations that are alike, and what a use of one takes."""

from dataclasses import dataclass
from math import inf, isfinite

from pydantic import BaseModel, ConfigDict, Field, model_validator

from labloop.errors import UnitError
from labloop.units import check_unit, convert, split_quantity


class Table(BaseModel):
    """A table of a lab file: nothing unknown is in it, and nothing changes it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class StationRules:
    """What a use of a station takes, in lab seconds.

    Attributes:
        capacity: samples that are in one station at once.
        warm_up: passes before the first use, and before one after ``idle_for``.
        idle_for: unused for longer than this, it is cold again.
        cleaning: passes after a use, before the next one.
        change_over: passes before a use at another setting than the one before.
        parameter: what the setting is, for messages; empty where the stations have none.
        unit: of the setting; empty where it is a text, or a plain number.
    """

    capacity: int = 1
    warm_up: float = 0.0
    idle_for: float = inf
    cleaning: float = 0.0
    change_over: float = 0.0
    parameter: str = ""
    unit: str = ""


class ChangeOverTable(Table):
    """``change_over`` of stations: what passes between uses at different settings."""

    parameter: str = Field(min_length=1)
    """What the setting is, such as ``temperature``."""
    time: str
    unit: str = ""
    """Of the setting, such as ``degC``; empty where it is a text, or a plain number."""


class StationTable(Table):
    """``[stations.<kind>]``: stations that are alike."""

    names: tuple[str, ...] = Field(default=(), strict=False)
    count: int = Field(default=0, ge=0)
    used_up: bool = False
    """Whether the stations are consumables (wells, vials, tips): one use uses one up."""
    capacity: int = Field(default=1, ge=1)
    """How many samples are in one at once."""
    warm_up: str = "0 s"
    """Passes before the first use, and before one after ``idle_for``."""
    idle_for: str = ""
    """Unused for longer than this, a station is cold again; empty where it stays warm."""
    cleaning: str = "0 s"
    """Passes after each use."""
    change_over: ChangeOverTable | None = None
    """Passes before a use at another setting."""

    @model_validator(mode="after")
    def _names_or_count(self) -> "StationTable":
        if bool(self.names) == bool(self.count):
            raise ValueError("needs either names = [...] or count = n")
        if len(set(self.names)) != len(self.names):
            raise ValueError("names one station twice")
        return self

    def all(self, kind: str) -> tuple[str, ...]:
        """Return the names of the stations; ``kind`` names those that are only counted."""
        return self.names or tuple(f"{kind}-{n}" for n in range(1, self.count + 1))

    def rules(self) -> StationRules:
        """Return what a use takes, in seconds; raises UnitError for what is no time."""
        change = self.change_over
        return StationRules(
            capacity=self.capacity,
            warm_up=_seconds("warm_up", self.warm_up),
            idle_for=_seconds("idle_for", self.idle_for) if self.idle_for else inf,
            cleaning=_seconds("cleaning", self.cleaning),
            change_over=_seconds("change_over time", change.time) if change else 0.0,
            parameter=change.parameter if change else "",
            unit=check_unit(change.unit) if change and change.unit else "",
        )


def wrong_stations(kind: str, table: StationTable) -> list[str]:
    """Return a sentence for each mistake in what a use of stations takes."""
    where = f"[stations.{kind}]"
    try:
        rules = table.rules()
    except UnitError as error:
        return [f"{where} {error}"]
    found: list[str] = []
    if table.used_up and rules != StationRules():
        found.append(
            f"{where} is used up by one use, so it has no capacity, warm_up, cleaning and "
            "change_over; take them out"
        )
    if table.idle_for and not rules.warm_up:
        found.append(f"{where} idle_for says when it is cold again, so it needs warm_up, too")
    return found


def _seconds(key: str, text: str) -> float:
    try:
        seconds = convert(*split_quantity(text), "s")
    except UnitError as error:
        raise UnitError(f"{key} needs a time such as '20 min', got {text!r}: {error}") from error
    if seconds < 0 or not isfinite(seconds):
        raise UnitError(f"{key} needs a time from 0 s, got {text!r}")
    return seconds
