"""Promise: what experiments wait for is given in an order that ends sooner, and the same always."""

import pytest
from campaign_toys import bake, create, write

from labloop.campaign import check_campaign, load_campaign
from labloop.errors import CampaignFileError
from labloop.records import CampaignState, ExperimentState

STATIONS = """
[stations.oven]
count = 2
"""
RECIPE = """    async with lab.any("oven"):
        await lab.wait(quantity(x.level.magnitude + 1, "h"))
    return {"shown": x.level.magnitude}
"""
AT_ONCE = "budget=Budget(experiments=8), batch=8, parallel=8"


def file_that(tmp_path, options, recipe=RECIPE, stations=STATIONS):
    """Return a campaign whose experiments bake for an hour, an hour and a half, and so on."""
    return bake(tmp_path, options, recipe, stations)


def run(repositories, path, name="tiny"):
    """Run a campaign; return its experiments, its hours, and its alarms."""
    path.write_text(path.read_text().replace('"tiny"', f'"{name}"', 1))
    made = create(repositories, path)
    assert made.run().state is CampaignState.FINISHED
    rows = repositories.experiments.all(made.record.id)
    hours = max(row.lab_finished for row in rows) / 3600
    return rows, hours, [each.alarm for each in repositories.alarms.all(made.record.id)]


def test_eight_bakes_in_two_ovens_end_sooner(repositories, tmp_path):
    """Promise: 1, 1.5 ... 4.5 h in two ovens take 12 h first come, first served, and 11 h here."""
    _, first_come, _ = run(repositories, file_that(tmp_path, AT_ONCE), "plain")
    options = f"{AT_ONCE}, schedule='optimised'"
    rows, hours, alarms = run(repositories, file_that(tmp_path, options), "planned")
    assert (round(first_come, 2), round(hours, 2)) == (12, 11)
    assert {row.state for row in rows} == {ExperimentState.DONE}
    assert alarms == []


def test_the_same_campaign_goes_the_same_way(repositories, tmp_path):
    """Promise: every begin and end to the bit, also where the plan is made anew in between."""
    late = RECIPE.replace(
        "    async with", "    CALLS.append(x)\n    extra = len(CALLS) > 8\n    async with", 1
    ).replace("+ 1,", "+ 1 + extra * (x.level.magnitude % 1),")
    options = f"{AT_ONCE}, schedule='optimised'"
    found = []
    for name in ("one", "two"):
        path = file_that(tmp_path, options, late)
        rows, hours, _ = run(repositories, path, name)
        found.append([(row.lab_started, row.lab_finished) for row in rows])
        assert hours <= 13.5
    assert found[0] == found[1]


def test_a_late_experiment_holds_up_nobody_for_long(repositories, tmp_path):
    """Promise: what was kept for one that comes nine hours late is given to those that wait.

    Without it the others need 9 h; a plan that expected it kept an oven free for a while.
    """
    late = RECIPE.replace(
        "    async with",
        "    CALLS.append(x)\n"
        "    if len(CALLS) > 8 and x.level.magnitude == 3.5:\n"
        "        await lab.wait(quantity(9, 'h'))\n"
        "    async with",
        1,
    )
    path = file_that(tmp_path, f"{AT_ONCE}, schedule='optimised'", late)
    rows, hours, _ = run(repositories, path)
    assert hours == pytest.approx(9 + 4.5, abs=0.1)
    others = max(row.lab_finished for row in rows if row.point["level"] != 3.5) / 3600
    assert others <= 10.5


def test_what_cannot_be_run_ahead_is_served_first_come_first_served(repositories, tmp_path):
    """Promise: the campaign runs, and says why there is no plan."""
    fails = RECIPE.replace(
        "    async with",
        "    CALLS.append(x)\n    if len(CALLS) <= 2: raise RuntimeError('no sun')\n    async with",
        1,
    )
    path = file_that(
        tmp_path, "budget=Budget(experiments=2), batch=2, parallel=2, schedule='optimised'", fails
    )
    rows, _, alarms = run(repositories, path)
    assert {row.state for row in rows} == {ExperimentState.DONE}
    assert [each.kind for each in alarms] == ["schedule"]
    assert "first come, first served" in alarms[0].message
    assert "no sun" in alarms[0].message


def test_rooms_and_devices_in_one_another_are_planned(repositories, tmp_path):
    """Promise: an oven, in it a device, and a change-over that is spared."""
    recipe = """    async with lab.any("oven", setting=x.level.magnitude % 1):
        async with lab.exclusive(lab.box):
            await lab.wait(quantity(10, "min"))
        await lab.wait(quantity(x.level.magnitude + 1, "h"))
        async with lab.all("bench", "box"):
            await lab.wait(quantity(10, "min"))
    return {"shown": x.level.magnitude}
"""
    stations = """
[stations.oven]
count = 2
cleaning = "5 min"
change_over = { parameter = "part", time = "2 h" }
[stations.bench]
count = 1
"""
    _, first_come, _ = run(repositories, file_that(tmp_path, AT_ONCE, recipe, stations), "plain")
    options = f"{AT_ONCE}, schedule='optimised'"
    rows, hours, alarms = run(repositories, file_that(tmp_path, options, recipe, stations), "best")
    assert {row.state for row in rows} == {ExperimentState.DONE}
    assert hours < first_come
    assert alarms == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("schedule='best'", "schedule must be 'first come' or 'optimised', got 'best'"),
        ("priority='high'", "priority must be a whole number from -100 to 100, got 'high'"),
    ],
)
def test_words_that_are_not_known_get_a_sentence(tmp_path, options, sentence):
    """Promise: before anything is opened."""
    [found] = [each for each in check_campaign(write(tmp_path, options)) if not each.good]
    assert sentence in found.text


def test_a_plain_function_has_nothing_to_order(tmp_path):
    """Promise: there is no lab, so there is no plan."""
    path = write(tmp_path, "schedule='optimised'")
    path.write_text(path.read_text().replace('lab="lab.toml",', "").replace("(lab, x)", "(x)"))
    with pytest.raises(CampaignFileError, match="this campaign has none"):
        load_campaign(path)
