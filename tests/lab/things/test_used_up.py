"""Promise: a well, a vial or a tip that was used is never given again, whatever happened since."""

import pytest
from lab_toys import toy_host

from labloop.errors import LabFileError, PlacesUsedUpError
from labloop.lab import LabJob
from labloop.lab.things import MemoryStock
from labloop.records import Mode, Shelf, StockChange
from labloop.units import quantity

WELLS = {"stations": {"well": {"names": ["A1", "A2", "A3"], "used_up": True}}}


def take(stock, count, *, fails=False, **options):
    """Let experiments use a well each, one after the other; return what they got."""
    got = []

    async def use(lab):
        async with lab.any("well") as well:
            got.append(well)
            if fails:
                raise ValueError("spilled")
        return "used"

    with toy_host("a", tables=WELLS, stock=stock, **options) as host:
        for n in range(count):
            try:
                host.run([LabJob(f"e{n}", use)])
            except ValueError:
                continue
    return got


def test_each_is_given_once():
    """The fourth of three is told, and what to do; nothing waits for what never comes back."""
    stock = MemoryStock()
    assert take(stock, 3) == ["A1", "A2", "A3"]
    with pytest.raises(PlacesUsedUpError, match=r"\[stations.well\] is used up; .*--renew well"):
        take(stock, 1)


def test_a_restart_forgets_nothing():
    """The stock knows, also of one that failed after it had got its well."""
    stock = MemoryStock()
    assert take(stock, 1) == ["A1"]
    assert take(stock, 1, fails=True) == ["A2"]
    assert take(stock, 1) == ["A3"]


def test_another_campaign_begins_with_all_places():
    """Stations that are used up are each campaign's own."""
    stock = MemoryStock()
    assert take(stock, 2) == ["A1", "A2"]
    assert take(stock, 1, campaign_id="other") == ["A1"]


def test_a_new_plate_begins_anew():
    """What a person says is written down, and holds for the starts after it, too."""
    stock = MemoryStock()
    take(stock, 2)
    assert take(stock, 1, renew=["well"], actor="anna") == ["A1"]
    assert take(stock, 1) == ["A2"]
    entries = stock.entries(Shelf("toys", Mode.SIMULATED, "camp"))
    discarded = [e for e in entries if e.change is StockChange.DISCARD]
    assert [(e.lot.place, e.actor) for e in discarded] == [("A3", "anna")]


def test_only_what_is_used_up_can_be_renewed():
    """The sentence names what can."""
    with pytest.raises(LabFileError, match=r"no stations 'tip' are used up .*those that are: well"):
        take(MemoryStock(), 0, renew=["tip"])


def test_at_once_each_has_its_own_and_the_one_too_many_is_told_at_once():
    """It does not wait for a well that comes back."""
    got = []

    async def use(lab):
        try:
            async with lab.any("well") as well:
                got.append(well)
                await lab.wait(quantity(1, "min"))
        except PlacesUsedUpError:
            got.append(lab.now().to("s").magnitude)
        return "over"

    with toy_host("a", tables=WELLS) as host:
        host.run([LabJob(f"e{n}", use) for n in range(4)])
    assert [each for each in got if isinstance(each, str)] == ["A1", "A2", "A3"]
    [told] = [each for each in got if not isinstance(each, str)]
    assert told < 60


def test_places_that_are_not_used_up_come_back():
    """As before: a vial holder is free again."""

    async def three(lab):
        got = []
        for _ in range(3):
            async with lab.any("holder") as name:
                got.append(name)
        return got

    with toy_host("a", tables={"stations": {"holder": {"names": ["A1", "A2"]}}}) as host:
        assert host.run([LabJob("e1", three)]) == [["A1", "A2", "A1"]]


def test_a_well_and_an_oven_are_taken_together():
    """The well is booked when the oven is free."""
    tables = {"stations": {**WELLS["stations"], "oven": {"count": 1}}}
    got = []

    async def both(lab):
        async with lab.all("well", "oven") as names:
            got.append(names)
            await lab.wait(quantity(1, "min"))
        return "over"

    with toy_host("a", tables=tables) as host:
        host.run([LabJob(f"e{n}", both) for n in range(2)])
    assert got == [("A1", "oven-1"), ("A2", "oven-1")]
