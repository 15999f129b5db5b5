"""Promise: what earlier processes and campaigns of a lab measured corrects what is simulated."""

import pytest
from campaign_toys import bake, create

from labloop.campaign import forecast, load_campaign
from labloop.campaign.ordering import LearnedDurations, Planner, learn_durations
from labloop.campaign.ordering.learned import waited_seconds
from labloop.campaign.runs import carried_out
from labloop.lab import lab_file_of, load_lab_file
from labloop.records import Mode, Occupation

OVEN = "\n[stations.oven]\ncount = 1\n"
RECIPE = """    async with lab.any("oven"):
        await lab.wait(quantity(HOURS * (x.level.magnitude + 1), "h"))
    return {"shown": 1.0}
"""
AT_ONCE = "budget=Budget(experiments=4), batch=4, parallel=4"


def baked(folder, hours, name="tiny"):
    """Return a campaign whose experiments bake so many times an hour, an hour and a half, ..."""
    folder.mkdir(exist_ok=True)
    path = bake(folder, AT_ONCE, RECIPE.replace("HOURS", str(hours)), OVEN)
    path.write_text(path.read_text().replace('"tiny"', f'"{name}"', 1))
    return path


def test_each_experiment_is_compared_with_itself(repositories, tmp_path):
    """However different they are, and however long they waited, the ratio is exact."""
    create(repositories, baked(tmp_path / "slow", 1.5)).run()
    quick = load_campaign(baked(tmp_path / "quick", 1))
    record = repositories.campaigns.all()[0]
    carried = carried_out(repositories, quick, Mode.SIMULATED, record)
    learned = learn_durations(carried, load_lab_file(quick.lab_file))
    assert len(learned.measured) == 4
    assert learned.factor == pytest.approx(1.5, rel=1e-3)
    assert learned.scatter < 1e-3


def test_another_campaign_of_the_lab_teaches_a_new_one(repositories, tmp_path):
    """What it took beside its own simulation; a campaign of another lab teaches nothing."""
    slow = baked(tmp_path / "slow", 1, "other")
    (tmp_path / "slow" / "lab.toml").write_text(
        (tmp_path / "slow" / "lab.toml")
        .read_text()
        .replace("[lab]\n", "[lab]\nsimulated_delays = 1.0\n", 1)
    )
    create(repositories, slow).run()
    new = load_campaign(baked(tmp_path / "new", 1, "new"))
    [other] = carried_out(repositories, new, Mode.SIMULATED)
    assert [row.number for row in other.rows] == [1, 2, 3, 4]
    assert carried_out(repositories, new, Mode.REAL) == []
    text = (tmp_path / "new" / "lab.toml").read_text()
    (tmp_path / "new" / "lab.toml").write_text(text.replace('name = "tiny"', 'name = "else"', 1))
    elsewhere = load_campaign(tmp_path / "new" / "campaign.py")
    assert carried_out(repositories, elsewhere, Mode.SIMULATED) == []


def test_too_few_teach_nothing():
    """The simulated durations stand as they are, with no scatter."""
    assert LearnedDurations((5.0, 6.0), (1.0, 1.0)).factor == 1.0
    assert LearnedDurations().scatter == 0.0
    assert LearnedDurations((2.0, 2.0, 2.0), (1.0, 1.0, 1.0)).factor == 2.0


def test_a_lab_in_which_nothing_takes_time_is_planned_as_it_is():
    """No ratio is made of durations that are all 0."""
    pump = {"driver": "new_era", "url": "emulator://pump"}
    lab_file = lab_file_of({"lab": {"name": "one"}, "devices": {"pump": pump}})
    learned = LearnedDurations((0.0,) * 3, (0.0,) * 3)
    assert learned.factor == Planner(lab_file, learned).factor == 1.0


def test_waits_that_overlap_count_once():
    """Tasks of one experiment may wait side by side."""
    held = [
        Occupation("a", 10.0, 20.0, asked=0.0),
        Occupation("b", 12.0, 20.0, asked=5.0, preparing=1.0),
    ]
    assert waited_seconds(held) == 13.0


def test_a_forecast_whose_procedure_allows_no_neighbour_is_told_all_the_same(tmp_path):
    """What one more at once would buy is left out: its experiments would spoil each other."""
    alone = """    CALLS.append(x)
    if len(CALLS) > 1: raise RuntimeError("only alone")
    await lab.wait(quantity(1, "min"))
    CALLS.pop()
    return {"shown": 1.0}
"""
    path = bake(tmp_path, "budget=Budget(experiments=8), batch=8, parallel=1", alone, OVEN)
    found = forecast(load_campaign(path), runs=2)
    assert found.one_more is None
    assert found.hours > 0
