"""Promise: who had what stands in the report beside what was forecast."""

import re

import pytest

from labloop.records import (
    ExperimentRecord,
    ExperimentState,
    ForecastRecord,
    ForecastSpan,
    Occupation,
    Origin,
)
from labloop.report import Brief, letter_bar, summary
from labloop.report.data import read_campaign, read_schedule
from labloop.report.pages.html import render

PLANNED = (ForecastSpan("oven-1", 0.0, 5400.0, held=True), ForecastSpan("stirrer", 0.0, 60.0))


@pytest.fixture
def shared(written):
    """Return store and campaign id of a campaign whose last experiment had an oven for an hour."""
    store, campaign_id = written(experiments=6, curves=False)
    [*_, last] = [e for e in store.experiments.all(campaign_id) if e.lab_finished is not None]
    end = last.lab_finished
    held = [Occupation("oven-1", end - 3600.0, end, "oven", last.id, end - 4000.0, 1, 80.0)]
    store.schedules.add_held(last.id, held).result()
    return store, campaign_id, last


def forecast(campaign_id, lab_time=0.0):
    """Return a forecast of two hours."""
    return ForecastRecord(
        campaign_id=campaign_id,
        lab_time=lab_time,
        experiments=6,
        hours=2.0,
        low=1.5,
        high=2.5,
        bottleneck="oven",
        spans=PLANNED,
    )


def test_what_was_held_is_drawn_with_its_experiment(shared):
    """Without a forecast, and how to get one; actions of devices stand beside it."""
    store, campaign_id, last = shared
    page = render(store, campaign_id)
    assert "Who had what" in page
    assert "labloop forecast snar" in page
    assert f'data-tip="oven-1, experiment {last.number}\nheld for 1 h 00 min"' in page
    data = read_campaign(store, campaign_id)
    names = read_schedule(store, data).names
    assert names[0] == "oven-1"
    assert "thermostat" in names


def test_planned_stands_above_happened(shared):
    """In the page, in the window of Markdown, and in the summary."""
    store, campaign_id, _ = shared
    store.schedules.add_forecast(forecast(campaign_id)).result()
    page = render(store, campaign_id)
    for words in (
        "Planned and happened",
        "6 experiments in 2 h 00 min, 90 % between 1 h 30 min and 2 h 30 min; oven is waited for",
        'class="plan-held e"',
        'class="expected"',
        "planned: held for 1 h 30 min",
    ):
        assert words in page
    looked = Brief(store, campaign_id)
    looked.look()
    told = looked.page()
    assert re.search(r"oven-1 +planned  \|#[^|]+\|\n +happened \|[^|]+\|", told)
    assert summary(store, campaign_id).forecast.startswith("at its begin: 6 experiments in 2 h")


def test_a_campaign_that_shares_nothing_has_no_such_section(written):
    """Neither an empty chart nor a line that says so."""
    store, campaign_id = written(experiments=3, curves=False)
    assert 'id="schedule"' not in render(store, campaign_id)
    assert summary(store, campaign_id).forecast == ""


def test_an_experiment_that_runs_says_what_it_waits_for(written):
    """At the top of the page."""
    store, campaign_id = written(experiments=3, curves=False)
    row = ExperimentRecord(
        id=f"{campaign_id}-9999",
        campaign_id=campaign_id,
        number=9999,
        mode=store.campaigns.get(campaign_id).mode,
        state=ExperimentState.RUNNING,
        origin=Origin.MANUAL,
        point={},
        reason="waits for oven, which experiment 3 has",
    )
    store.experiments.add(row).result()
    assert "Experiment 9999 waits for oven, which experiment 3 has." in render(store, campaign_id)


def test_letters_grow_with_the_share_of_a_column():
    """Anything at all is shown; nothing is drawn of nothing."""
    assert letter_bar([(0, 1), (10, 15), (30, 40)], 40, width=4) == ".: #"
    assert letter_bar([(0, 1)], 0.0, width=3) == "   "
