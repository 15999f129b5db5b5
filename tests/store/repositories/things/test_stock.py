"""Promise: stock is never overdrawn, what is reserved stays so, every change is written down."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from store_samples import CAMPAIGN, experiment

from labloop.errors import StockError, StoreError
from labloop.records import (
    MILLION,
    STOCK_CHANGES,
    ExperimentState,
    Filling,
    Mode,
    Need,
    Shelf,
    StockChange,
)
from labloop.store import open_database
from labloop.store.engine import Statement, translate_error

LAB = Shelf("bench", Mode.SIMULATED)
FIRST = experiment().id
ML = MILLION


def solvent(amount: float, **more) -> Filling:
    return Filling(name="solvent", unit="mL", amount=int(amount * ML), **more)


def need(amount: float, **more) -> Need:
    return Need(name="solvent", amount=int(amount * ML), unit="mL", **more)


def free(database, shelf=LAB) -> float:
    return sum(lot.amount for lot in database.stock.lots(shelf)) / ML


def held(database, shelf=LAB) -> float:
    return sum(lot.reserved for lot in database.stock.lots(shelf)) / ML


def balanced(database, shelf=LAB) -> None:
    """Every lot is what its ledger says."""
    sums = {lot.sequence: [0, 0] for lot in database.stock.lots(shelf)}
    for entry in database.stock.entries(shelf):
        for at, sign in enumerate(STOCK_CHANGES[entry.change]):
            sums[entry.lot.sequence][at] += sign * entry.amount
    for lot in database.stock.lots(shelf):
        assert sums[lot.sequence] == [lot.amount, lot.reserved]


def test_what_is_reserved_is_nobody_elses_and_comes_back_at_the_end(filled):
    """An experiment that used less than it had reserved leaves the rest to the others."""
    filled.stock.put(LAB, [solvent(10)], "anna").result()
    filled.stock.reserve(LAB, [need(8)], FIRST, "labloop").result()
    assert (free(filled), held(filled)) == (2, 8)
    with pytest.raises(StockError, match="3 mL of solvent are needed and 2 mL are left; refill"):
        filled.stock.use(LAB, need(3), None, "anna").result()
    filled.stock.use(LAB, need(5), FIRST, "labloop").result()
    assert (free(filled), held(filled)) == (2, 3)
    for state in (ExperimentState.RUNNING, ExperimentState.DONE):
        filled.experiments.move(FIRST, state, actor="labloop").result()
    assert (free(filled), held(filled)) == (5, 0)
    balanced(filled)


def test_what_is_uncertain_stays_booked_until_it_is_resolved(filled):
    """Only the end that a person gives frees what the experiment had not used."""
    filled.stock.put(LAB, [solvent(10)], "anna").result()
    filled.stock.reserve(LAB, [need(4)], FIRST, "labloop").result()
    for state in (ExperimentState.RUNNING, ExperimentState.UNCERTAIN):
        filled.experiments.move(FIRST, state, actor="labloop").result()
    assert (free(filled), held(filled)) == (6, 4)
    filled.experiments.move(FIRST, ExperimentState.FAILED, actor="anna").result()
    assert (free(filled), held(filled)) == (10, 0)


def test_reserving_again_after_a_restart_takes_nothing_twice(filled):
    """The experiment has it already."""
    filled.stock.put(LAB, [solvent(10)], "anna").result()
    for _ in range(3):
        filled.stock.reserve(LAB, [need(4)], FIRST, "labloop").result()
    assert held(filled) == 4


def test_all_that_is_needed_is_reserved_or_nothing(filled):
    """The second need is short, so the first is not taken either."""
    filled.stock.put(LAB, [solvent(10)], "anna").result()
    tip = Need(name="tip", amount=ML)
    with pytest.raises(StockError, match="nobody has put any tip there yet"):
        filled.stock.reserve(LAB, [need(4), tip], FIRST, "labloop").result()
    assert (free(filled), held(filled)) == (10, 0)
    balanced(filled)


def test_what_expires_first_is_taken_first_and_what_is_expired_not_at_all(filled):
    """Unless the lab file allows it."""
    soon, late = datetime(2100, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
    old = datetime(2020, 1, 1, tzinfo=UTC)
    lots = [solvent(3, lot="L2", expires=late), solvent(2, lot="L1", expires=soon)]
    filled.stock.put(LAB, [*lots, solvent(9, lot="L0", expires=old)], "anna").result()
    used = filled.stock.use(LAB, need(4), None, "anna").result()
    assert [(p.lot.lot, p.amount / ML) for p in used] == [("L1", 2), ("L2", 2)]
    with pytest.raises(StockError, match="2 mL of solvent are needed and 1 mL are left"):
        filled.stock.use(LAB, need(2), None, "anna").result()
    filled.stock.use(LAB, need(1), None, "anna").result()
    with pytest.raises(StockError, match=r"expired \(lot L0 on 2020-01-01\)"):
        filled.stock.use(LAB, need(2), None, "anna").result()
    filled.stock.use(LAB, need(2, allow_expired=True), None, "anna").result()


def test_a_reserve_stays_in_the_vessel(filled):
    """The pump would draw air."""
    filled.stock.put(LAB, [solvent(10)], "anna").result()
    filled.stock.use(LAB, need(6, keep=4 * ML), None, "anna").result()
    with pytest.raises(StockError, match=r"1 mL .* 4 mL are left, of which 4 mL stay"):
        filled.stock.use(LAB, need(1, keep=4 * ML), None, "anna").result()


def test_a_use_of_which_nothing_was_sent_is_taken_back(filled):
    """It is the experiment's again, or everybody's where it was nobody's experiment."""
    filled.stock.put(LAB, [solvent(10)], "anna").result()
    used = filled.stock.use(LAB, need(4), FIRST, "labloop").result()
    filled.stock.undo(used, FIRST, "labloop").result()
    assert (free(filled), held(filled)) == (6, 4)
    by_hand = filled.stock.use(LAB, need(2), None, "anna").result()
    filled.stock.undo(by_hand, None, "anna").result()
    assert (free(filled), held(filled)) == (6, 4)
    balanced(filled)


def test_wells_are_given_once_and_a_fresh_plate_has_all_of_them(filled):
    """A named one is refused the second time."""
    plate = [Filling(name="well", unit="1", amount=ML, place=p, lot="1") for p in ("A1", "A2")]
    filled.stock.put(LAB, plate, "anna", once=True).result()
    filled.stock.put(LAB, plate, "anna", once=True).result()
    one = Need(name="well", amount=ML)
    first = filled.stock.use(LAB, one, FIRST, "labloop").result()
    assert [p.lot.place for p in first] == ["A1"]
    with pytest.raises(StockError, match="well A1 is used up"):
        filled.stock.use(LAB, Need(name="well", amount=ML, place="A1"), None, "a").result()
    with pytest.raises(StockError, match="well Z9 was never put there"):
        filled.stock.use(LAB, Need(name="well", amount=ML, place="Z9"), None, "a").result()
    filled.stock.replace(LAB, plate, "anna").result()
    again = [filled.stock.use(LAB, one, None, "a").result()[0].lot.place for _ in range(2)]
    assert again == ["A1", "A2"]
    with pytest.raises(StockError, match="every well is used up"):
        filled.stock.use(LAB, one, None, "a").result()
    balanced(filled)


def test_a_person_who_counts_is_right(filled):
    """More and less than was booked; the ledger keeps the difference."""
    with pytest.raises(StockError, match="cannot be counted"):
        filled.stock.count(LAB, "solvent", 3 * ML, "anna").result()
    filled.stock.put(LAB, [solvent(10), solvent(5)], "anna").result()
    for amount in (12, 20, 0, 7):
        filled.stock.count(LAB, "solvent", amount * ML, "anna").result()
        assert free(filled) == amount
    balanced(filled)


def test_shelves_do_not_touch(filled):
    """A simulation has its own, and another lab too."""
    own = Shelf("bench", Mode.SIMULATED, CAMPAIGN)
    real = Shelf("bench", Mode.REAL)
    filled.stock.put(real, [solvent(10)], "anna").result()
    filled.stock.put(own, [solvent(1)], "labloop").result()
    filled.stock.use(own, need(1), FIRST, "labloop").result()
    for other in (Shelf("attic", Mode.REAL), LAB):
        with pytest.raises(StockError, match="nobody has put any"):
            filled.stock.use(other, need(1), None, "anna").result()
    assert (free(filled, real), free(filled, own)) == (10, 0)
    [told] = filled.stock.used(CAMPAIGN)
    assert (told.experiment_id, told.name, told.amount, told.unit) == (FIRST, "solvent", 1.0, "mL")


def test_nobody_overdraws_by_other_means(filled):
    """The database refuses what no repository would ask for."""
    filled.stock.put(LAB, [solvent(1)], "anna").result()
    for statement in ("UPDATE stock_lot SET amount = -1", "DELETE FROM stock_entry"):
        future = filled.connections.submit(lambda s, q=statement: s.run(Statement(text(q))))
        assert isinstance(translate_error(future.exception(), "here"), StoreError)


RACE = """
import sys
from labloop.errors import StockError
from labloop.records import MILLION, Mode, Need, Shelf
from labloop.store import open_database

shelf, need = Shelf("bench", Mode.REAL), Need(name="solvent", amount=MILLION, unit="mL")
got = 0
with open_database(sys.argv[1]) as database:
    for future in [database.stock.use(shelf, need, None, "racer") for _ in range(200)]:
        got += future.exception() is None
        assert future.exception() is None or isinstance(future.exception(), StockError)
print(got)
"""


def test_processes_that_race_for_a_bottle_get_what_is_in_it(url):
    """Three want 600 mL of 250 mL, from two lots: 250 are given, none twice."""
    shelf = Shelf("bench", Mode.REAL)
    with open_database(url) as database:
        database.stock.put(shelf, [solvent(100), solvent(150)], "anna").result()
        command = [sys.executable, "-c", RACE, url]
        racers = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
            for _ in range(3)
        ]
        got = [int(racer.communicate(timeout=60)[0]) for racer in racers]
        assert sum(got) == 250
        assert (free(database, shelf), held(database, shelf)) == (0, 0)
        uses = [e for e in database.stock.entries(shelf) if e.change is StockChange.USE]
        assert len(uses) == 250
