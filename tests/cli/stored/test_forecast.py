"""``labloop forecast``: how long it takes is told before it is begun, and for what is left."""

import json

from labloop.campaign.forecasting.prediction import Forecast
from labloop.cli.stored.forecast import lines_of
from labloop.records import ForecastSpan
from labloop.store import open_database

FUNCTION = """
import time
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

def measure(x):
    time.sleep(0.05)
    return {"y": x.t.magnitude}

campaign = CampaignSpec(
    "first", SearchSpace(Continuous("t", 20, 90, unit="degC")), outputs=[Scalar("y")],
    objective=Maximize("y"), procedure=measure, strategy="random", budget=Budget(experiments=5),
)
"""


def test_a_file_and_a_stored_campaign(tiny):
    """Before it runs by its file, afterwards by its name; a used-up budget is told."""
    said = tiny.ok("forecast", "campaign.py", "--runs", "2")
    assert "of lab time, 90 % between" in said
    assert "2 runs ahead in simulated time" in said
    assert "% in use" in said
    said = tiny.ok("forecast", "campaign.py", "--runs", "2", "--json", "--quick")
    found, _ = json.JSONDecoder().raw_decode(said)
    assert found["low"] <= found["hours"] <= found["high"]
    tiny.ok("run", "campaign.py", "--engine", "plain")
    assert "budget is used up" in tiny.refused("forecast", "tiny", "--runs", "2")
    said = tiny.ok("forecast", "tiny", "--runs", "2", "--experiments", "20")
    assert "measured experiments" in said
    assert "no campaign is called" in tiny.refused("forecast", "nobody")


def test_a_function_by_what_was_measured(shell):
    """Nobody knows how long a function takes before it was carried out once."""
    shell.write("first.py", FUNCTION)
    assert "run one experiment first" in shell.refused("forecast", "first.py")
    shell.ok("run", "first.py", "--engine", "plain", "--experiments", "3")
    said = shell.ok("forecast", "first", "--experiments", "9")
    assert "forecast  6 experiments" in said
    assert "by 3 measured experiments" in said


def test_a_bar_shows_when_something_is_in_use():
    """Half of the time in use is half of the bar; a moment of use is seen, too."""
    found = Forecast(
        experiments=2, hours=2.0, low=1.0, high=72.0, basis="2 runs", parallel=1, length=2.0,
        busy={"oven": 0.5, "arm": 0.0, "idle": 0.0}, waits={"oven": 0.5, "cup": 3.0},
        spans=[ForecastSpan("oven", 0.0, 3600.0), ForecastSpan("arm", 7190.0, 7191.0)],
        one_more=1.0,
    )  # fmt: skip
    lines = list(lines_of(found))
    assert lines[0] == (
        "forecast  2 experiments: 2.0 h of lab time, 90 % between 1.0 h and 3.0 days"
    )
    assert f"oven |{'#' * 24}{' ' * 24}|  50% in use, waited for 30 min" in lines
    assert f"arm  |{' ' * 47}.|   0% in use" in lines
    assert f"idle |{' ' * 48}|   0% in use" in lines
    assert "stations  cup: experiments waited 3.0 h for a free one" in lines
    assert lines[-2:] == [
        "bottleneck cup: it is waited for longest",
        "parallel  with parallel=2 it would take 1.0 h less",
    ]


def test_json_is_json_however_long_it_takes(tiny, monkeypatch):
    """What goes on meanwhile is printed on the error stream, behind what a program reads."""
    monkeypatch.setattr("labloop.cli.terminal.progress.FIRST_SECONDS", 0.01)
    said = tiny.ok("forecast", "campaign.py", "--runs", "2", "--quick", "--json")
    found, end = json.JSONDecoder().raw_decode(said)
    assert found["low"] <= found["hours"]
    assert "running ahead" in said[end:]


def test_a_forecast_of_a_stored_campaign_is_kept(tiny):
    """Before it runs and for its rest: what then happens stands beside it."""
    longer = '    await lab.wait(quantity(1, "min"))\n    return'
    tiny.write("campaign.py", tiny.campaign.replace("    return", longer))
    said = tiny.ok("run", "campaign.py", "--engine", "plain", "--forecast")
    assert "forecast  3 experiments" in said
    told = tiny.ok("status", "tiny")
    assert "forecast  at its begin: 3 experiments in " in told
    assert "; it took " in told
    tiny.ok("forecast", "tiny", "--experiments", "4", "--quick", "--runs", "2")
    assert "forecast  at " in tiny.ok("status", "tiny")
    with open_database(tiny.folder / "labloop.db", read_only=True) as rows:
        [record] = rows.campaigns.all()
        first, second = rows.schedules.forecasts(record.id)
    assert (first.experiments, first.lab_time) == (3, 0.0)
    assert second.experiments == 1
    assert second.lab_time > 0
