"""Samples: things that are made, moved and measured; where one is follows from its events."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from labloop.errors import SampleError
from labloop.records.things.stock import Shelf


class SampleChange(StrEnum):
    """What happened to a sample."""

    MADE = "made"
    MOVING = "moving"
    """Committed before anything moves, as the intent of an action is."""
    MOVED = "moved"
    STAYED = "stayed"
    """A move of which nothing was sent."""
    FOUND = "found"
    """A person says where it is."""
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleEvent:
    """One event of a sample; events are appended and never changed."""

    change: SampleChange
    place: str = ""
    """Where it is, or goes to."""
    experiment_id: str | None = None
    lab_time: float = 0.0
    reason: str = ""
    actor: str = "labloop"
    recorded: datetime | None = None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a sample is: in one place, or between two until a person has looked."""

    place: str = ""
    going_to: str = ""

    @property
    def is_open(self) -> bool:
        """Whether a person must say where it is, unless the move is just under way."""
        return bool(self.going_to)

    @property
    def places(self) -> tuple[str, ...]:
        """Every place that it takes; none where it was discarded."""
        return tuple(each for each in (self.place, self.going_to) if each)

    def __str__(self) -> str:
        if self.going_to:
            return f"between {self.place} and {self.going_to}"
        return self.place or "discarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRecord:
    """A sample with everything that happened to it."""

    number: int
    shelf: Shelf
    kind: str
    campaign_id: str = ""
    experiment_id: str | None = None
    events: tuple[SampleEvent, ...] = ()

    @property
    def name(self) -> str:
        """Its number as a person says it: ``S-12``."""
        return f"S-{self.number}"

    @property
    def where(self) -> Whereabouts:
        """Where it is, by its events."""
        return _fold(self.events)


class Samples(Protocol):
    """The samples of labs; two are never in one place."""

    def make(self, shelf: Shelf, kind: str, event: SampleEvent, campaign_id: str) -> Future[int]:
        """Store a new sample with its first event; resolves to its number.

        Raises:
            SampleError: another sample is in that place.
        """
        ...

    def record(self, number: int, event: SampleEvent) -> Future[None]:
        """Append what happened to a sample.

        Raises:
            NotFoundError: there is no such sample.
            SampleError: it cannot happen now: another sample is there, it is on its way, or it
                was discarded.
        """
        ...

    def get(self, number: int) -> SampleRecord:
        """Return one sample; raises NotFoundError."""
        ...

    def all(self, shelf: Shelf) -> Sequence[SampleRecord]:
        """Return every sample of a shelf by number."""
        ...

    def of_campaign(self, campaign_id: str) -> Sequence[SampleRecord]:
        """Return every sample that a campaign made, by number."""
        ...


def _fold(events: Sequence[SampleEvent]) -> Whereabouts:
    """Return where a sample is after its events."""
    where = Whereabouts()
    for event in events:
        where = _after(where, event)
    return where


def _after(where: Whereabouts, event: SampleEvent) -> Whereabouts:
    """Return where a sample is after one more event."""
    match event.change:
        case SampleChange.MOVING:
            return Whereabouts(where.place, event.place)
        case SampleChange.MOVED:
            return Whereabouts(where.going_to)
        case SampleChange.STAYED:
            return Whereabouts(where.place)
        case SampleChange.DISCARDED:
            return Whereabouts()
        case SampleChange.MADE | SampleChange.FOUND:
            return Whereabouts(event.place)


def check_sample_event(name: str, where: Whereabouts, event: SampleEvent) -> None:
    """Raise SampleError where an event cannot follow; the message says what to do."""
    change = event.change
    if not where.place and change is not SampleChange.FOUND:
        raise SampleError(f"{name} was discarded, so it cannot be {_DONE[change]}")
    if change is SampleChange.MOVING and where.is_open:
        raise SampleError(
            f"{name} is {where}; look where it is and say so before it is moved again: "
            f"labloop sample {name} --at PLACE"
        )
    if change is SampleChange.MOVING and event.place == where.place:
        raise SampleError(f"{name} is at {where.place} already, so it cannot be moved there")
    if change in {SampleChange.MOVED, SampleChange.STAYED} and not where.is_open:
        raise SampleError(f"{name} is at {where.place} and was on no way, so no move of it ends")
    if change in {SampleChange.MOVING, SampleChange.FOUND} and not event.place:
        raise SampleError(f"{name} needs a place, got an empty text")


def place_taken(place: str, by: str, name: str) -> SampleError:
    """Return the error of a second sample in one place."""
    return SampleError(
        f"{by} is in {place}, so {name} cannot be there too; move or discard {by} first, or say "
        f"where it really is: labloop sample {by} --at PLACE"
    )


_DONE = {
    SampleChange.MADE: "made again",
    SampleChange.MOVING: "moved",
    SampleChange.MOVED: "moved",
    SampleChange.STAYED: "moved",
    SampleChange.DISCARDED: "discarded again",
}
