"""Promise: a sample is in one place or in one open question, and no two are in one place."""

import pytest
from sqlalchemy import text
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop.errors import NotFoundError, SampleError
from labloop.records import Mode, SampleChange, SampleEvent, Shelf
from labloop.store import open_database
from labloop.store.engine import Statement

SHELF = Shelf("bench", Mode.SIMULATED, CAMPAIGN)
FIRST = experiment().id


def event(change: str, place: str = "", **more) -> SampleEvent:
    values = {"actor": "anna", "experiment_id": FIRST, **more}
    return SampleEvent(change=SampleChange(change), place=place, **values)


def make(database, place: str) -> int:
    return database.samples.make(SHELF, "vial", event("made", place), CAMPAIGN).result()


def where(database, number: int) -> str:
    return str(database.samples.get(number).where)


def test_a_move_is_an_intent_and_an_end(filled):
    """Between the two it takes both places, and is in neither."""
    number = make(filled, "rack.A1")
    filled.samples.record(number, event("moving", "oven", lab_time=3.0)).result()
    assert where(filled, number) == "between rack.A1 and oven"
    for place in ("rack.A1", "oven"):
        with pytest.raises(SampleError, match=f"S-{number} is in {place}, so a new vial cannot"):
            make(filled, place)
    with pytest.raises(SampleError, match="look where it is and say so before it is moved again"):
        filled.samples.record(number, event("moving", "bench")).result()
    filled.samples.record(number, event("moved", "oven")).result()
    assert where(filled, number) == "oven"
    other = make(filled, "rack.A1")
    with pytest.raises(SampleError, match=f"S-{number} is in oven, so S-{other} cannot"):
        filled.samples.record(other, event("moving", "oven")).result()
    [told, _] = filled.samples.of_campaign(CAMPAIGN)
    assert [e.change.value for e in told.events] == ["made", "moving", "moved"]
    assert (told.name, told.kind, told.experiment_id) == (f"S-{number}", "vial", FIRST)
    assert filled.samples.all(SHELF) == filled.samples.of_campaign(CAMPAIGN)


def test_what_a_crash_left_open_a_person_resolves(url):
    """The question outlives the process, and the answer frees the other place."""
    with open_database(url) as database:
        database.campaigns.create(campaign(), bundle()).result()
        database.experiments.add(experiment()).result()
        number = make(database, "rack.A1")
        database.samples.record(number, event("moving", "oven")).result()
    with open_database(url) as database:
        assert where(database, number) == "between rack.A1 and oven"
        database.samples.record(number, event("found", "oven", reason="seen")).result()
        assert where(database, number) == "oven"
        make(database, "rack.A1")


def test_what_cannot_be_is_told(filled):
    """Nothing that is gone moves, nothing moves to where it is, nobody knows S-99."""
    number = make(filled, "rack.A1")
    with pytest.raises(SampleError, match=r"is at rack\.A1 already"):
        filled.samples.record(number, event("moving", "rack.A1")).result()
    with pytest.raises(SampleError, match="on no way"):
        filled.samples.record(number, event("moved", "oven")).result()
    with pytest.raises(SampleError, match="needs a place"):
        filled.samples.record(number, event("moving", "")).result()
    filled.samples.record(number, event("discarded")).result()
    with pytest.raises(SampleError, match="was discarded, so it cannot be moved"):
        filled.samples.record(number, event("moving", "oven")).result()
    with pytest.raises(NotFoundError, match="no sample has the number S-99"):
        filled.samples.get(99)
    make(filled, "rack.A1")


def test_the_database_itself_keeps_two_out_of_one_place(sqlite):
    """Also where a program does not ask first."""
    sqlite.campaigns.create(campaign(), bundle()).result()
    sqlite.experiments.add(experiment()).result()
    make(sqlite, "rack.A1")
    other = make(sqlite, "rack.A2")
    forced = text(
        "INSERT INTO sample_place (sample, lab, mode, shelf, place, taken) "
        "SELECT :other, lab, mode, shelf, 'rack.A1', 1 FROM sample_place LIMIT 1"
    )
    future = sqlite.connections.submit(lambda s: s.run(Statement(forced), {"other": other}))
    assert "UNIQUE" in str(future.exception().__cause__ or future.exception())
