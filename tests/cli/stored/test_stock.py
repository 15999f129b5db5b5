"""Promise: a person says what is there, sees what it is enough for, and finds every sample."""

from dataclasses import replace

import pytest

from labloop.records import SampleChange, SampleEvent
from labloop.store import open_database

LAB = """
[lab]
name = "bench"
world = "bench"
world_options = { pump = "new_era" }

[devices.pump]
driver = "new_era"
options = { diameter = "14.6 mm" }

[consumables.water]
unit = "mL"
reserve = "5 mL"
drawn_by = { device = "pump", action = "dispense", argument = "volume" }

[plates.assay]
wells = 96

[places.rack]
positions = 24
"""
CAMPAIGN = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace, quantity

async def pour(lab, x):
    async with lab.any("assay") as well:
        vial = await lab.sample("vial", place="rack.A1")
        await lab.move(vial, well, lab.pump.dispense(quantity(4, "mL"), quantity(5, "mL/min")))
        await lab.wait(quantity(1, "min"))
        await lab.discard(vial)
    return {"y": x.t}

campaign = CampaignSpec(
    "pour", SearchSpace(Continuous("t", 0, 1)), outputs=[Scalar("y")], objective=Maximize("y"),
    procedure=pour, lab="lab.toml", strategy="random", budget=Budget(experiments=3),
)
"""
RUN = ("run", "campaign.py", "--engine", "plain")


@pytest.fixture
def bench(shell):
    """Return a shell in the folder of a campaign that uses up water and wells."""
    shell.write("lab.toml", LAB)
    shell.write("campaign.py", CAMPAIGN)
    return shell


def test_what_is_put_there_is_shown_and_told_before_a_run(bench):
    """The bottle is enough for one; a run stops in time; the campaign's own is refilled."""
    lot = ("--lot", "L1", "--expires", "2099-03-01")
    said = bench.ok("stock", "put", "lab.toml", "water", "10 mL", *lot)
    assert "put       water: 10 mL there now (L1 until 2099-03-01)" in said
    bench.ok("stock", "put", "lab.toml", "assay", "A1..B3", "--lot", "P7")
    told = bench("check", "campaign.py")[1]
    assert "3 experiments need 12 mL of water, you have 5 mL: 1 can run" in told
    said = bench.refused(*RUN)
    assert "experiment 2 did not begin: 4 mL of water are needed and 6 mL are left" in said
    shown = bench.ok("stock", "lab.toml", "--campaign", "pour")
    for words in ("1 mL", "5 places", "0 experiments"):
        assert words in shown
    # Nothing of the real stock was touched.
    shown = bench.ok("stock", "lab.toml")
    for words in ("5 mL", "6 places", "L1 until 2099-03-01", "1 experiments"):
        assert words in shown
    bench.ok("stock", "put", "lab.toml", "water", "50 mL", "--campaign", "pour")
    assert "finished" in bench.ok("resume", "pour", "--engine", "plain")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("put", "lab.toml", "milk", "1 mL"),
            "nothing called 'milk' that is used up; it has: water",
        ),
        (("put", "lab.toml", "water", "0 mL"), "an amount of water is above 0, got '0 mL'"),
        (("put", "lab.toml", "water", "1 g"), "cannot be converted"),
        (("put", "lab.toml", "water", "1"), "water is in mL, got '1' without a unit"),
        (("put", "lab.toml", "water"), "how much water was put there"),
        (("put", "lab.toml", "water", "--new"), "how much a full water holds is not declared"),
        (("put", "lab.toml", "assay", "A1..H13"), "there is no well H13: they go from A1 to H12"),
        (("put", "lab.toml", "water", "1 mL", "--expires", "2020-01-01"), "2020-01-01 is over"),
        (("put", "lab.toml", "water", "1 mL", "--expires", "soon"), "--expires is a day such as"),
        (("count", "lab.toml", "assay", "3"), "assay has places, which are not counted"),
    ],
)
def test_what_cannot_be_put_there_is_told(bench, words, sentence):
    """One sentence; nothing is written."""
    assert sentence in bench.refused("stock", *words)


def test_a_person_who_counts_is_right(bench):
    """The books follow."""
    bench.ok("stock", "put", "lab.toml", "water", "100 mL")
    assert "counted   water: 80 mL" in bench.ok("stock", "count", "lab.toml", "water", "80 mL")
    shown = bench.ok("stock", "lab.toml")
    assert "75 mL" in shown


def test_where_a_sample_is_and_where_a_person_found_it(bench):
    """Its history, and the answer to the question that a crash left."""
    bench.ok("stock", "put", "lab.toml", "water", "100 mL")
    bench.ok(*RUN)
    listed = bench.ok("samples", "pour")
    assert "S-1" in listed
    assert "discarded" in listed
    told = bench.ok("sample", "s-1")
    for words in ("made at rack.A1", "on its way to assay.A1", "arrived at assay.A1", "discarded"):
        assert words in told
    found = bench.ok("sample", "S-1", "--at", "rack.B2", "--note", "it was there")
    assert "where     rack.B2" in found
    assert "found at rack.B2 by " in found
    assert "(it was there)" in found
    assert "rack.B2" in bench.ok("samples", "pour")
    assert "no sample has the number S-99" in bench.refused("sample", "S-99")
    assert "a sample is named as S-12" in bench.refused("sample", "vial")


def test_a_question_that_a_crash_left_is_asked_until_a_person_answers(bench):
    """By status and samples; the report says what was used."""
    bench.ok(*RUN)
    with open_database(str(bench.folder / "labloop.db")) as database:
        event = SampleEvent(change=SampleChange.FOUND, place="rack.A1")
        database.samples.record(1, event).result()
        database.samples.record(
            1, replace(event, change=SampleChange.MOVING, place="pump")
        ).result()
    for verb in ("status", "samples"):
        assert "between rack.A1 and pump" in bench.ok(verb, "pour")
    assert "where is S-1? Look, then: labloop sample" in bench.ok("samples", "pour")
    bench.ok("sample", "S-1", "--at", "pump")
    assert "between" not in bench.ok("status", "pour")
    bench.ok("report", "pour")
    [page] = bench.folder.glob("*.html")
    text = page.read_text(encoding="utf-8")
    assert "What was used" in text
    assert "12 mL, lots without a name" in text
