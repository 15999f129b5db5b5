"""Promise: a well, a vial or a tip that was used is never given again, whatever happened since."""

import pytest
from lab_toys import toy_host

from labloop.errors import LabFileError, PlacesUsedUpError
from labloop.lab import LabJob, MemoryJournal
from labloop.records import ActionState
from labloop.units import quantity

WELLS = {"stations": {"well": {"names": ["A1", "A2", "A3"], "used_up": True}}}


def take(journal, count, *, fails=False, **options):
    """Let experiments use a well each, one after the other; return what they got."""
    got = []

    async def use(lab):
        async with lab.any("well") as well:
            got.append(well)
            if fails:
                raise ValueError("spilled")
        return "used"

    before = len(journal.entries("camp"))
    with toy_host("a", tables=WELLS, journal=journal, **options) as host:
        for n in range(count):
            try:
                host.run([LabJob(f"e{before}-{n}", use)])
            except ValueError:
                continue
    return got


def test_each_is_given_once():
    """The fourth of three is told, and what to do; nothing waits for what never comes back."""
    journal = MemoryJournal()
    assert take(journal, 3) == ["A1", "A2", "A3"]
    with pytest.raises(PlacesUsedUpError, match=r"\[stations.well\] is used up; .*--renew well"):
        take(journal, 1)


def test_a_restart_forgets_nothing():
    """The journal knows, also of one that failed after it had got its well."""
    journal = MemoryJournal()
    assert take(journal, 1) == ["A1"]
    assert take(journal, 1, fails=True) == ["A2"]
    assert take(journal, 1) == ["A3"]
    told = [e for e in journal.entries("camp") if e.intent.device == "well"]
    assert [e.intent.arguments["place"] for e in told] == ["A1", "A2", "A3"]
    assert {e.state for e in told} == {ActionState.DONE}


def test_what_was_about_to_be_used_when_the_process_died_counts_as_used():
    """Nobody can tell, so it is not given again."""
    journal = MemoryJournal()
    take(journal, 1)
    [entry] = [e for e in journal.entries("camp") if e.intent.device == "well"]
    del journal._outcomes[entry.intent.id]
    assert take(journal, 1) == ["A2"]


def test_a_new_plate_begins_anew():
    """What a person says is written down, and holds for the starts after it, too."""
    journal = MemoryJournal()
    take(journal, 2)
    assert take(journal, 1, renew=["well"], actor="anna") == ["A1"]
    assert take(journal, 1) == ["A2"]
    [renewed] = [e.intent for e in journal.entries("camp") if e.intent.name == "renew"]
    assert renewed.actor == "anna"


def test_only_what_is_used_up_can_be_renewed():
    """The sentence names what can."""
    with pytest.raises(LabFileError, match=r"no stations 'tip' are used up .*those that are: well"):
        take(MemoryJournal(), 0, renew=["tip"])


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
