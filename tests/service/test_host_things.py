"""Promise: what a host's lab uses up is booked once, by the campaign, with the lab by its name."""

import pytest
from host_toys import lab_on, running_host
from lab_toys import ToyEmulator

from labloop.campaign import Campaign, check_campaign, load_campaign
from labloop.errors import LabFileError
from labloop.lab import LabJob, look_at_host
from labloop.records import MILLION, CampaignState, Filling, Mode, Shelf
from labloop.store import open_database
from labloop.units import quantity
from labloop_simulators.kit import TruthLog, serve_world

WATER = {
    "unit": "mL",
    "drawn_by": {"device": "a", "action": "pour", "argument": "volume"},
}
CAMPAIGN = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace, quantity

async def pour(lab, x):
    async with lab.use("tip", 1):
        await lab.a.pour(quantity(4, "mL"))
    vial = await lab.sample("vial", place="shelf")
    await lab.discard(vial)
    return {"y": x.t}

campaign = CampaignSpec(
    NAME, SearchSpace(Continuous("t", 0, 1)), outputs=[Scalar("y")], objective=Maximize("y"),
    procedure=pour, lab="host://bench", strategy="random", budget=Budget(experiments=3),
)
"""


def tables(url="", *, action="pour"):
    """Return a lab of a device that pours, and of what it pours."""
    device = {"driver": "host_toys:Pourer"}
    if url:
        most = {"min": "0 mL", "max": "9 mL"}
        device |= {"url": url, "serial_number": "T-a", "limits": {"pour.volume": most}}
        device["limits"]["set_value.rate"] = {"min": "0 mL/min", "max": "5 mL/min"}
    water = {**WATER, "drawn_by": {**WATER["drawn_by"], "action": action}}
    return {
        "devices": {"a": device, "b": {"driver": "lab_toys:Toy"}} if not url else {"a": device},
        "consumables": {"water": water, "tip": {"capacity": "96"}},
        "places": {"shelf": {}},
        "watchdog": {"off_because": "an emulator in this very process"},
    }


def write(folder, name):
    """Write a campaign of three experiments with 4 mL each."""
    path = folder / f"{name}.py"
    path.write_text(CAMPAIGN.replace("NAME", repr(name)))
    return path


def water(database):
    """How many mL are left in the real lab."""
    lots = database.stock.lots(Shelf("toys", Mode.REAL))
    return sum(lot.amount for lot in lots if lot.name == "water") / MILLION


def test_two_campaigns_draw_from_one_bottle_of_a_real_lab(tmp_path, monkeypatch):
    """What the first one used is gone for the second; it stops in time, and nothing is twice."""
    monkeypatch.setenv("LABLOOP_LOCKS", str(tmp_path / "locks"))
    truth = TruthLog()
    with (
        serve_world({"a": ToyEmulator("a", truth)}) as urls,
        running_host(tmp_path, tables=tables(urls["a"]), mode=Mode.REAL),
        open_database(tmp_path / "labloop.db") as database,
    ):
        there = [
            Filling(name="water", unit="mL", amount=18 * MILLION),
            Filling(name="tip", unit="1", amount=96 * MILLION),
        ]
        database.stock.put(Shelf("toys", Mode.REAL), there, "anna").result()
        ends = []
        for name in ("first", "second"):
            definition = load_campaign(write(tmp_path, name))
            made = Campaign.create(database, definition, mode=Mode.REAL, actor="me")
            ends.append(made.run())
        assert ends[0].state is CampaignState.FINISHED, ends[0].reason
        assert ends[1].state is CampaignState.FAILED
        assert "experiment 2 did not begin: 4 mL of water are needed and 2 mL" in ends[1].reason
        assert water(database) == 2
    assert sum(each.event == "set" for each in truth.events) == 4


def test_check_and_the_terminal_know_the_stock_of_a_host(tmp_path):
    """A machine without the lab file sees the books of the lab by the host's name."""
    with (
        running_host(tmp_path, tables=tables()),
        open_database(tmp_path / "labloop.db") as database,
    ):
        bottle = Filling(name="water", unit="mL", amount=18 * MILLION)
        database.stock.put(Shelf("toys", Mode.REAL), [bottle], "anna").result()
        told = [each.text for each in check_campaign(write(tmp_path, "x"), stock=database.stock)]
        assert (
            "what one experiment uses up is known after the first, on a host's lab; in the books "
            "of the lab 'toys': 18 mL of water, 0 of tip"
        ) in told
        path = write(tmp_path, "y")
        path.write_text(path.read_text().replace('"tip"', '"tipp"'))
        wrong = [each.text for each in check_campaign(path) if not each.good]
        assert any("it uses 'tipp', which the lab of the host 'bench' does not" in t for t in wrong)


def test_a_part_of_a_lab_books_what_its_own_devices_draw(tmp_path):
    """A part without the pump can be opened; the pump's part draws."""
    with running_host(tmp_path, tables=tables()):
        known = look_at_host("host://bench?devices=b", None).lab_file
        assert [each.drawn_by for each in known.used_up.values()] == [(), ()]

        async def pour(lab):
            await lab.a.pour(quantity(4, "mL"))
            return {"left": 0}

        with lab_on("host://bench?devices=a") as host:
            host.run([LabJob("x-1", pour)])


def test_a_host_refuses_to_serve_what_no_action_draws(tmp_path):
    """The mistake is told where the drivers are, before any campaign comes."""
    wrong = pytest.raises(LabFileError, match="drawn_by names the action 'spill', but a knows")
    with wrong, running_host(tmp_path, tables=tables(action="spill")):
        pass
