"""Promise: an experiment that cannot be supplied does not begin, and goes on after a refill."""

import pytest
from campaign_toys import create, write

from labloop.campaign import Campaign, check_campaign, forecast, load_campaign
from labloop.errors import CampaignError
from labloop.records import (
    MILLION,
    CampaignState,
    ExperimentState,
    Filling,
    Mode,
    Shelf,
)

TIPS = '\n[consumables.tip]\nprice = "0.50"\ncapacity = "5"\n'
WATER = """
[consumables.water]
unit = "mL"
capacity = "100 mL"
drawn_by = { device = "box", action = "set_level", argument = "level" }
"""


def with_tips(folder, options="budget=Budget(experiments=4)", things=TIPS):
    """Write a campaign whose experiments use two tips each."""
    path = write(folder, options)
    text = path.read_text().replace(
        "    await lab.box.set_level(x.level)",
        '    async with lab.use("tip", 2):\n        await lab.box.set_level(x.level)',
    )
    path.write_text(text)
    lab = folder / "lab.toml"
    shared = 'serial_number = "B-1"\nshared = true'
    lab.write_text(lab.read_text().replace('serial_number = "B-1"', shared) + things)
    return path


def states(repositories, campaign):
    return [row.state for row in repositories.experiments.all(campaign.record.id)]


def tips(repositories, campaign):
    shelf = Shelf("tiny", Mode.SIMULATED, campaign.record.id)
    lots = [lot for lot in repositories.stock.lots(shelf) if lot.name == "tip"]
    return sum(lot.amount for lot in lots) / MILLION, sum(lot.reserved for lot in lots)


def test_it_stops_in_time_and_goes_on_after_a_refill(repositories, tmp_path):
    """The third of five tips' experiments stays planned; a person puts tips there, and resumes."""
    made = create(repositories, with_tips(tmp_path))
    record = made.run()
    assert record.state is CampaignState.FAILED
    assert record.reason.startswith("experiment 3 did not begin: every tip is used up; put new")
    assert "labloop stock put LAB.toml tip --new; then go on with: labloop resume" in record.reason
    done = ExperimentState.DONE
    assert states(repositories, made) == [done, done, ExperimentState.PLANNED]
    assert tips(repositories, made) == (1, 0)
    [alarm] = [a.alarm for a in repositories.alarms.all(record.id) if a.alarm.kind == "stock"]
    assert alarm.message == "4 experiments need 8 of tip, you have 5: 2 can run"
    shelf = Shelf("tiny", Mode.SIMULATED, record.id)
    fresh = Filling(name="tip", unit="1", amount=10 * MILLION, lot="L2")
    repositories.stock.put(shelf, [fresh], "anna").result()
    again = Campaign.resume(repositories, "tiny", actor="me")
    assert again.run().state is CampaignState.FINISHED
    assert states(repositories, made) == [done] * 4
    assert tips(repositories, made) == (7, 0)
    used = repositories.stock.used(record.id)
    assert [(u.experiment_id[-1], u.amount, u.lot) for u in used] == [
        ("1", 2, ""), ("2", 2, ""), ("3", 1, ""), ("3", 1, "L2"), ("4", 2, "L2"),
    ]  # fmt: skip


def test_parallel_experiments_do_not_share_the_last_tips(repositories, tmp_path):
    """Four at once want eight of five: two begin."""
    options = "budget=Budget(experiments=4), batch=4, parallel=4"
    made = create(repositories, with_tips(tmp_path, options))
    assert "experiment 3 did not begin" in made.run().reason
    assert states(repositories, made).count(ExperimentState.DONE) == 2


def test_what_is_used_up_costs_what_the_lab_file_says(repositories, tmp_path):
    """Two tips of 0.50 an experiment: the budget of 2 is used up after two."""
    things = TIPS.replace('"5"', '"100"')
    made = create(repositories, with_tips(tmp_path, "budget=Budget(cost=2)", things))
    record = made.run()
    assert record.reason == "the budget of 2 cost is used up"
    assert states(repositories, made) == [ExperimentState.DONE] * 2
    again = Campaign.resume(repositories, "tiny", actor="me")
    assert again.run().reason == record.reason
    assert len(states(repositories, made)) == 2


def test_a_budget_of_cost_needs_prices(repositories, tmp_path):
    """Where no function says what anything costs."""
    path = with_tips(tmp_path, "budget=Budget(cost=2)", TIPS.replace('price = "0.50"\n', ""))
    made = create(repositories, path)
    with pytest.raises(CampaignError, match="or prices in"):
        made.run()


def test_check_tells_for_how_many_it_is_enough(repositories, tmp_path):
    """By experiments in simulation, and what the real lab has."""
    path = with_tips(tmp_path, things=TIPS + WATER)
    told = [f.text for f in check_campaign(path)]
    assert "one experiment uses 2 of tip, 4 use 8; nobody has said what there is (labloop " in str(
        told
    )
    assert any(text.startswith("one experiment uses ") and " mL of water" in text for text in told)
    five = Filling(name="tip", unit="1", amount=5 * MILLION)
    repositories.stock.put(Shelf("tiny", Mode.REAL), [five], "anna").result()
    [short] = [f.text for f in check_campaign(path, stock=repositories.stock) if not f.good]
    assert short == "4 experiments need 8 of tip, you have 5: 2 can run"


def test_a_forecast_runs_to_its_end_and_tells_what_is_short(repositories, tmp_path):
    """Nothing runs out ahead: how much is needed is what is asked."""
    five = Filling(name="tip", unit="1", amount=5 * MILLION)
    repositories.stock.put(Shelf("tiny", Mode.REAL), [five], "anna").result()
    definition = load_campaign(with_tips(tmp_path))
    found = forecast(definition, runs=2, known=repositories)
    assert found.experiments == 4
    assert found.supply == ("4 experiments need 8 of tip, you have 5: 2 can run",)
