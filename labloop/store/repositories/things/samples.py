"""Samples: their events are appended; the places that they take guard each other."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from sqlalchemy import Select, and_, bindparam, select, update

from labloop.errors import NotFoundError
from labloop.records import (
    Mode,
    SampleChange,
    SampleEvent,
    SampleRecord,
    Shelf,
    Whereabouts,
    check_sample_event,
    place_taken,
)
from labloop.store.engine import Session, Statement, insert_for_sequence, insert_into
from labloop.store.repositories.connections import Connections
from labloop.store.repositories.things.shelves import shelf_key
from labloop.store.schema import SampleEventRow, SamplePlaceRow, SampleRow, encode, table_of

_SAMPLE, _EVENT, _PLACE = (table_of(t) for t in (SampleRow, SampleEventRow, SamplePlaceRow))
_INSERT, _INSERT_EVENT = insert_for_sequence(_SAMPLE), insert_into(_EVENT)
_INSERT_PLACE = insert_into(_PLACE)
_LOCK = 0x6C61_6273_616D
_ONE = select(_SAMPLE).where(_SAMPLE.c.sequence == bindparam("number"))
_GET, _SAMPLE_COLUMNS = Statement(_ONE), tuple(column.name for column in _SAMPLE.c)
_EVENTS_OF = select(_EVENT).order_by(_EVENT.c.sequence)
_EVENTS = Statement(_EVENTS_OF.where(_EVENT.c.sample == bindparam("number")))
_EVENT_COLUMNS = tuple(column.name for column in _EVENT.c)
_THERE = Statement(
    select(_PLACE.c.sample).where(
        _PLACE.c.lab == bindparam("lab"),
        _PLACE.c.mode == bindparam("mode"),
        _PLACE.c.shelf == bindparam("shelf"),
        _PLACE.c.place == bindparam("wanted"),
        _PLACE.c.taken == 1,
    )
)
_LEAVE = Statement(
    update(_PLACE)
    .where(
        and_(
            _PLACE.c.sample == bindparam("number"),
            _PLACE.c.place == bindparam("left"),
            _PLACE.c.taken == 1,
        )
    )
    .values(taken=0)
)


class SqlSamples:
    """The samples in a database; see the port ``Samples``."""

    def __init__(self, db: Connections) -> None:
        self._db = db

    def make(self, shelf: Shelf, kind: str, event: SampleEvent, campaign_id: str) -> Future[int]:
        """Store a new sample with its first event; resolves to its number.

        Raises:
            SampleError: another sample is in that place.
        """
        return self._db.prepared(lambda: _make(shelf, kind, event, campaign_id))

    def record(self, number: int, event: SampleEvent) -> Future[None]:
        """Append what happened to a sample; raises NotFoundError, SampleError."""
        return self._db.prepared(lambda: _record(number, event))

    def get(self, number: int) -> SampleRecord:
        """Return one sample; raises NotFoundError."""
        found = self._all(_ONE, {"number": number})
        if not found:
            raise _unknown(number)
        return found[0]

    def all(self, shelf: Shelf) -> Sequence[SampleRecord]:
        """Return every sample of a shelf by number."""
        key = shelf_key(shelf)
        return self._all(select(_SAMPLE).where(*(_SAMPLE.c[n] == key[n] for n in key)), {})

    def of_campaign(self, campaign_id: str) -> Sequence[SampleRecord]:
        """Return every sample that a campaign made, by number."""
        return self._all(select(_SAMPLE).where(_SAMPLE.c.campaign_id == campaign_id), {})

    def _all(self, wanted: "Select[Any]", values: Mapping[str, Any]) -> list[SampleRecord]:
        rows = self._db.rows(wanted.order_by(_SAMPLE.c.sequence), values)
        ours = wanted.with_only_columns(_SAMPLE.c.sequence)
        events: dict[int, list[SampleEvent]] = {row["sequence"]: [] for row in rows}
        for row in self._db.rows(_EVENTS_OF.where(_EVENT.c.sample.in_(ours)), values):
            if row["sample"] in events:
                events[row["sample"]].append(_event(row))
        return [_sample(row, tuple(events[row["sequence"]])) for row in rows]


def _make(
    shelf: Shelf, kind: str, event: SampleEvent, campaign_id: str
) -> Callable[[Session], int]:
    sample = {
        **shelf_key(shelf),
        "kind": encode.text(kind, "the kind of a sample"),
        "campaign_id": campaign_id,
        "experiment_id": event.experiment_id,
        "actor": encode.text(event.actor, "who made a sample"),
        "recorded": encode.now(),
    }
    row = _event_row(event)

    def operation(session: Session) -> int:
        session.serialize(_LOCK)
        _check_free(session, shelf, event.place, f"a new {kind}")
        (number,) = session.one(_INSERT, sample) or (0,)
        session.run(_INSERT_EVENT, {**row, "sample": number})
        _enter(session, shelf, number, event.place)
        return int(number)

    return operation


def _record(number: int, event: SampleEvent) -> Callable[[Session], None]:
    row = {**_event_row(event), "sample": number}

    def operation(session: Session) -> None:
        session.serialize(_LOCK)
        sample = _read(session, number)
        before = sample.where
        check_sample_event(sample.name, before, event)
        if event.change in {SampleChange.MOVING, SampleChange.FOUND}:
            _check_free(session, sample.shelf, event.place, sample.name, sample.number)
        session.run(_INSERT_EVENT, row)
        _update_places(session, sample, before, _read(session, number).where)

    return operation


def _update_places(
    session: Session, sample: SampleRecord, before: Whereabouts, now: Whereabouts
) -> None:
    for place in set(before.places) - set(now.places):
        session.run(_LEAVE, {"number": sample.number, "left": place})
    for place in set(now.places) - set(before.places):
        _enter(session, sample.shelf, sample.number, place)


def _enter(session: Session, shelf: Shelf, number: int, place: str) -> None:
    session.run(_INSERT_PLACE, {**shelf_key(shelf), "sample": number, "place": place, "taken": 1})


def _check_free(
    session: Session, shelf: Shelf, place: str, name: str, number: int | None = None
) -> None:
    found = session.one(_THERE, {**shelf_key(shelf), "wanted": place})
    if found is not None and found[0] != number:
        raise place_taken(place, f"S-{found[0]}", name)


def _read(session: Session, number: int) -> SampleRecord:
    row = session.one(_GET, {"number": number})
    if row is None:
        raise _unknown(number)
    events = [
        _event(dict(zip(_EVENT_COLUMNS, each, strict=True)))
        for each in session.rows(_EVENTS, {"number": number})
    ]
    return _sample(dict(zip(_SAMPLE_COLUMNS, row, strict=True)), tuple(events))


def _unknown(number: int) -> NotFoundError:
    return NotFoundError(
        f"no sample has the number S-{number}; see those there are with: labloop samples NAME"
    )


def _event_row(event: SampleEvent) -> dict[str, Any]:
    return {
        "change": event.change.value,
        "place": encode.text(event.place, "a place"),
        "experiment_id": event.experiment_id,
        "lab_time": encode.number(event.lab_time, "the lab time of a sample"),
        "reason": encode.text(event.reason, "the reason of a change"),
        "actor": encode.text(event.actor, "who moved a sample"),
        "recorded": encode.now(),
    }


def _event(row: Mapping[str, Any]) -> SampleEvent:
    return SampleEvent(
        change=SampleChange(row["change"]),
        place=row["place"],
        experiment_id=row["experiment_id"],
        lab_time=row["lab_time"],
        reason=row["reason"],
        actor=row["actor"],
        recorded=encode.from_time(row["recorded"]),
    )


def _sample(row: Mapping[str, Any], events: tuple[SampleEvent, ...]) -> SampleRecord:
    return SampleRecord(
        number=row["sequence"],
        shelf=Shelf(row["lab"], Mode(row["mode"]), row["shelf"]),
        kind=row["kind"],
        campaign_id=row["campaign_id"],
        experiment_id=row["experiment_id"],
        events=events,
    )
