"""A forecast is what then happens: lab time, waiting, and what is left of a budget."""

import pytest
from campaign_toys import create, write

from labloop.campaign import forecast, load_campaign, stored_definition
from labloop.campaign.forecasting.prediction import Forecast
from labloop.campaign.progress import lab_seconds
from labloop.errors import CampaignError


def used(repositories, campaign):
    """Return the lab hours that a campaign used."""
    return lab_seconds(repositories.experiments.all(campaign.record.id)) / 3600


def test_a_forecast_is_what_happens(tmp_path, repositories):
    """The same procedures in the same simulated time: the hours are those of the run itself."""
    path = write(tmp_path, "budget=Budget(experiments=6)", seconds=600)
    told = []
    found = forecast(load_campaign(path), runs=2, progress=lambda done, of: told.append((done, of)))
    campaign = create(repositories, path)
    campaign.run()
    assert found.experiments == 6
    assert found.low <= used(repositories, campaign) <= found.high
    assert found.hours == pytest.approx(used(repositories, campaign), rel=0.01)
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_nothing_is_left_of_a_forecast(tmp_path, repositories):
    """A run ahead stores nothing where campaigns are kept."""
    path = write(tmp_path, "budget=Budget(experiments=2)")
    forecast(load_campaign(path), runs=2)
    assert repositories.campaigns.all() == []
    assert not [p for p in tmp_path.iterdir() if p.name.startswith("ahead")]


def test_the_rest_of_a_stored_campaign(tmp_path, repositories):
    """What is done is not forecast again, and measured durations correct the simulated ones."""
    path = write(tmp_path, "budget=Budget(experiments=4)", seconds=60)
    campaign = create(repositories, path)
    campaign.run()
    campaign.extend(10)
    record = campaign.record
    definition = load_campaign(path)
    with pytest.raises(CampaignError, match="budget is used up"):
        forecast(definition, stored=(repositories, record))
    longer = load_campaign(write(tmp_path, "budget=Budget(experiments=10)", seconds=30))
    found = forecast(longer, runs=2, stored=(repositories, record))
    assert found.experiments == 6
    assert "by 4 measured experiments" in found.basis
    # The file says 30 s, but 60 s were measured.
    assert found.hours == pytest.approx(6 * 60 / 3600, rel=0.1)
    assert stored_definition(repositories, record).spec.name == "tiny"


def test_what_is_waited_for_is_named():
    """The longest wait is the bottleneck, where anything waited worth speaking of."""
    common = {"experiments": 1, "hours": 10.0, "low": 9.0, "high": 11.0, "basis": "", "parallel": 2}
    waits = {"oven": 2.0, "arm": 0.5}
    assert Forecast(**common, length=10.0, waits=waits).bottleneck == "oven"
    assert Forecast(**common, length=10.0, waits={"arm": 0.05}).bottleneck == ""


def test_a_device_that_all_need_is_waited_for(tmp_path):
    """Two experiments at once with one box: half of the time one of them waits."""
    path = write(tmp_path, "budget=Budget(experiments=4), batch=4, parallel=2", seconds=100)
    text = path.read_text().replace(
        "    await lab.box.set_level(x.level)\n"
        '    await lab.wait(quantity(SECONDS, "s"))\n'
        '    return {"shown": await lab.box.show()}',
        "    async with lab.exclusive(lab.box):\n"
        "        await lab.box.set_level(x.level)\n"
        '        await lab.wait(quantity(SECONDS, "s"))\n'
        '        return {"shown": await lab.box.show()}',
    )
    path.write_text(text)
    found = forecast(load_campaign(path), runs=2)
    assert found.bottleneck == "box"
    assert found.busy["box"] > 0.95
    assert found.waits["box"] * 3600 == pytest.approx(300, rel=0.1)
    assert found.one_more == pytest.approx(found.length, rel=0.02)


@pytest.mark.parametrize(("runs", "sentence"), [(1, "an interval needs at least 2 runs, got 1")])
def test_bad_input(tmp_path, runs, sentence):
    """One sentence that says what to give instead."""
    path = write(tmp_path, "budget=Budget(experiments=2)")
    with pytest.raises(CampaignError, match=sentence):
        forecast(load_campaign(path), runs=runs)
