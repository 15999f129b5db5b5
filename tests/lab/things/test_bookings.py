"""Promise: what is drawn is booked before the bytes, what was not sent is given back."""

from datetime import UTC, datetime

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import (
    DeviceTimeoutError,
    LimitError,
    PlacesUsedUpError,
    ProcedureError,
    StockError,
    UncertainError,
    UnitError,
)
from labloop.lab import LabJob
from labloop.lab.things import MemoryStock
from labloop.records import MILLION, ActionState, Filling, Mode, Shelf
from labloop.units import quantity

LAMP = {"unit": "min", "capacity": "10 min", "reserve": "1 min"}
DRAWN = {**LAMP, "drawn_by": {"device": "a", "action": "run", "argument": "time"}}
TABLES = {"consumables": {"lamp": DRAWN, "tip": {}}, "plates": {"assay": {"wells": 6}}}
OWN = Shelf("toys", Mode.SIMULATED, "camp")


def left(stock, name="lamp", shelf=OWN) -> float:
    return sum(lot.amount for lot in stock.lots(shelf) if lot.name == name) / MILLION


def run(procedure, stock=None, **options):
    """Carry one experiment out in a lab with things, and return what it returned."""
    options.setdefault("tables", TABLES)
    with toy_host("a", stock=stock or MemoryStock(), **options) as host:
        return host.run([LabJob("e1", procedure)])[0]


def test_the_gate_books_what_an_action_draws():
    """No procedure says so; the amount is converted."""
    stock = MemoryStock()

    async def lit(lab):
        await lab.a.run(quantity(90, "s"))
        return left(stock)

    assert run(lit, stock) == 8.5
    [used] = stock.used("camp")
    assert (used.experiment_id, used.name, used.amount, used.unit) == ("e1", "lamp", 1.5, "min")


def test_what_is_not_there_is_refused_before_any_byte_and_before_the_intent():
    """Nine of ten minutes may be used, one stays."""
    world = ToyWorld("a")

    async def long(lab):
        await lab.a.run(quantity(8, "min"))
        await lab.a.run(quantity(2, "min"))
        return ""

    sentence = r"2 min of lamp are needed and 2 min are left, of which 1 min stay; refill it: "
    with toy_host("a", tables=TABLES, world=world) as host:
        [future] = host.start([LabJob("e1", long)])
        with pytest.raises(StockError, match=sentence):
            future.result()
        told = [e.intent.name for e in host.journal.entries("camp", "e1")]
    assert told == ["run"]
    assert sum(event.event == "run" for event in world.truth.events) == 1


def test_what_was_not_sent_is_given_back_and_what_is_uncertain_stays_booked():
    """The books follow the journal."""
    stock, world = MemoryStock(), ToyWorld("a")

    async def silent(lab):
        world.emulators["a"].silent = True
        with pytest.raises((UncertainError, DeviceTimeoutError)):
            await lab.a.run(quantity(1, "min"))
        with pytest.raises(LimitError):
            await lab.a.run(quantity(-1, "min"))
        return ""

    with toy_host("a", tables=TABLES, world=world, stock=stock) as host:
        host.run([LabJob("e1", silent)])
        world.emulators["a"].silent = False
        states = [e.state for e in host.journal.entries("camp", "e1")]
    assert states == [ActionState.UNCERTAIN]
    assert left(stock) == 9


def test_a_procedure_books_what_no_action_tells():
    """Amounts, whole numbers of what is counted, and wells by name."""
    stock = MemoryStock()

    async def pour(lab):
        async with lab.use("lamp", quantity(30, "s")) as lots:
            assert lots == ("",)
        async with lab.use("tip", 2), lab.use("assay", "B3") as well:
            assert (well.name, well.kind) == ("B3", "assay")
        async with lab.any("assay") as first:
            return first

    assert run(pour, stock) == "A1"
    assert left(stock) == 9.5
    assert left(stock, "assay") == 4


@pytest.mark.parametrize(
    ("name", "what", "error", "sentence"),
    [
        ("water", 1, ProcedureError, "no consumable 'water'; it has: lamp, tip, assay"),
        ("lamp", 3, UnitError, "needs a quantity in 'min', such as quantity"),
        ("lamp", quantity(1, "mL"), UnitError, "needs a quantity in 'min'"),
        ("lamp", quantity(-1, "min"), ProcedureError, "needs an amount above 0, got -1 min"),
        ("tip", 0, ProcedureError, "needs an amount above 0, got 0"),
        ("assay", "C1", ProcedureError, "no place 'C1' of assay: they go from A1 to B3"),
        ("assay", 2, ProcedureError, "no place 2 of assay"),
    ],
)
def test_what_cannot_be_used_is_told(name, what, error, sentence):
    """One sentence, and nothing is booked."""
    stock = MemoryStock()

    async def pour(lab):
        async with lab.use(name, what):
            return ""

    with pytest.raises(error, match=sentence):
        run(pour, stock)
    assert stock.used("camp") == []


def test_a_plate_that_is_full_says_how_to_put_a_fresh_one_there():
    """The seventh well of six."""

    async def seven(lab):
        for _ in range(7):
            async with lab.any("assay"):
                pass

    with pytest.raises(PlacesUsedUpError, match=r"labloop stock put LAB.toml assay --new"):
        run(seven)


def test_a_simulation_begins_with_what_is_really_there_and_does_not_touch_it():
    """What nobody said anything about is full."""
    stock, real = MemoryStock(), Shelf("toys", Mode.REAL)
    lamp = Filling(name="lamp", unit="min", amount=3 * MILLION, lot="L1")
    stock.put(real, [lamp], "anna")

    async def lit(lab):
        await lab.a.run(quantity(2, "min"))
        return left(stock)

    assert run(lit, stock) == 1
    assert left(stock, shelf=real) == 3
    assert left(stock, "assay") == 6


def test_an_expired_lot_is_refused_or_warned_of():
    """As the lab file says; the warning comes once."""
    stock, alarms = MemoryStock(), []
    old = datetime(2020, 1, 1, tzinfo=UTC)
    lamp = Filling(name="lamp", unit="min", amount=9 * MILLION, lot="L1", expires=old)
    stock.put(OWN, [lamp], "anna")

    async def lit(lab):
        await lab.a.run(quantity(1, "min"))
        await lab.a.run(quantity(1, "min"))
        return ""

    with pytest.raises(StockError, match=r"lamp is expired \(lot L1 on 2020-01-01\)"):
        run(lit, stock)
    warned = {"consumables": {"lamp": {**DRAWN, "expired": "warn"}}}
    run(lit, stock, tables=warned, on_alarm=alarms.append)
    [alarm] = [each for each in alarms if each.kind == "expired"]
    assert "lot L1 is used although it expired on 2020-01-01" in alarm.message


def test_what_a_person_does_by_hand_is_booked_and_never_refused():
    """A safe state must not fail because a bottle is empty in the books."""
    stock, alarms = MemoryStock(), []

    async def prime(lab):
        await lab.a.run(quantity(30, "min"))
        await lab.a.run(quantity(1, "min"))

    with toy_host("a", tables=TABLES, stock=stock, on_alarm=alarms.append) as host:
        host.call(prime)
    assert left(stock) == 9
    assert [each.kind for each in alarms] == ["stock"]
