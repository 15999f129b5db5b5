"""Promise: a procedure's samples are where the records say, or the question is open."""

import pytest
from lab_toys import ToyWorld, toy_host

from labloop.errors import (
    LimitError,
    ProcedureError,
    SampleError,
    UncertainError,
)
from labloop.lab import LabJob
from labloop.lab.things import MemorySamples
from labloop.units import quantity

TABLES = {
    "places": {"rack": {"positions": 6}, "shelf": {"names": ["left"]}, "waste": {}},
    "plates": {"assay": {"wells": 6}},
    "stations": {"oven": {"count": 2}},
}


def run(procedure, samples=None, **options):
    with toy_host("a", tables=TABLES, samples=samples or MemorySamples(), **options) as host:
        return host.run([LabJob("e1", procedure)])[0]


def test_a_sample_goes_from_place_to_place():
    """Stations, devices, wells and declared places are places."""
    samples = MemorySamples()

    async def walk(lab):
        vial = await lab.sample("vial", place="rack.A1")
        async with lab.any("oven") as oven, lab.any("assay") as well:
            await lab.move(vial, oven, lab.a.set_value(quantity(1, "mL/min")))
            await lab.move(vial, well)
        await lab.move(vial, "a")
        await lab.move(vial, "shelf.left")
        assert (vial.name, str(vial), vial.place) == ("S-1", "S-1", "shelf.left")
        await lab.discard(vial)
        return [event.place for event in samples.get(1).events if event.change.value == "moved"]

    assert run(walk, samples) == ["oven-1", "assay.A1", "a", "shelf.left"]
    assert str(samples.get(1).where) == "discarded"


def test_what_is_refused_leaves_the_sample_where_it_was():
    """Nothing was sent."""
    samples = MemorySamples()

    async def walk(lab):
        vial = await lab.sample("vial", place="rack.A1")
        with pytest.raises(LimitError):
            await lab.move(vial, "oven-1", lab.a.set_value(quantity(99, "mL/min")))
        return str(samples.get(vial.number).where)

    assert run(walk, samples) == "rack.A1"


def test_what_may_have_happened_leaves_a_question():
    """The arm may stand anywhere with it."""
    samples, world = MemorySamples(), ToyWorld("a")

    async def walk(lab):
        vial = await lab.sample("vial", place="rack.A1")
        world.emulators["a"].silent = True
        try:
            with pytest.raises(UncertainError):
                await lab.move(vial, "oven-1", lab.a.set_value(quantity(1, "mL/min")))
            with pytest.raises(SampleError, match=r"is between rack\.A1 and oven-1; look where"):
                await lab.move(vial, "waste")
        finally:
            world.emulators["a"].silent = False
        return str(samples.get(vial.number).where)

    assert run(walk, samples, world=world) == "between rack.A1 and oven-1"
    # The next process opens a new simulated lab: nothing of the old one is in its way.
    assert run(lambda lab: lab.sample("vial", place="rack.A1"), samples).number == 2


def test_what_cannot_be_is_told_before_anything_moves():
    """The action that would have carried it is never sent, and nobody complains about it."""
    world = ToyWorld("a")

    async def walk(lab):
        vial = await lab.sample("vial", place="rack.A1")
        await lab.sample("vial", place="rack.A2")
        carry = quantity(1, "mL/min")
        with pytest.raises(ProcedureError, match=r"no place 'rack.Z9' .* it has: rack.A1, rack.A2"):
            await lab.move(vial, "rack.Z9", lab.a.set_value(carry))
        with pytest.raises(SampleError, match=r"S-2 is in rack\.A2, so S-1 cannot be there too"):
            await lab.move(vial, "rack.A2", lab.a.set_value(carry))
        with pytest.raises(SampleError, match="so a new vial cannot"):
            await lab.sample("vial", place="rack.A1")
        return "over"

    assert run(walk, world=world) == "over"
    assert not [event for event in world.truth.events if event.event == "set"]
