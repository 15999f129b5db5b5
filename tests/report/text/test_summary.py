"""The terminal and the report read the same pure data."""

from datetime import UTC, datetime, timedelta

import pytest

from labloop.campaign import lab_seconds
from labloop.errors import NotFoundError
from labloop.records import CampaignState, ExperimentRecord, ExperimentState, Mode, Origin
from labloop.report import convergence, summary
from labloop.report.data.campaign import ExperimentData
from labloop.report.pages.html import render


def test_a_summary_counts_every_state(written):
    """The counts add up to the experiments; failures are counted, not hidden."""
    store, campaign_id = written(experiments=30)
    stand = summary(store, campaign_id)
    assert sum(stand.experiments.values()) == 30
    assert stand.experiments[ExperimentState.FAILED] == 3
    assert (stand.name, stand.state, stand.last_round) == ("snar", CampaignState.RUNNING, 7)
    assert stand.aims == ("largest product yield",)
    assert [words.partition(",")[0] for words in stand.alarms] == ["sensor-stuck", "physics-wrong"]
    assert (stand.done, stand.failed, stand.running, stand.uncertain) == (27, 3, 0, 0)


def test_the_best_result_carries_its_conditions_and_interval(written):
    """The best is the largest of all measured, told with units and a 90 % interval."""
    store, campaign_id = written(experiments=30)
    best = summary(store, campaign_id).best
    outputs = store.experiments.outputs(campaign_id)
    assert best.values["product_yield"].value == max(
        o["product_yield"].value for o in outputs.values()
    )
    assert best.values["product_yield"].unit == "%"
    assert best.number == summary(store, campaign_id).best_experiment
    assert set(best.point) == {"temperature", "residence_time", "equivalents", "solvent"}
    assert best.interval_from == "measured"
    assert best.interval[0] < best.values["product_yield"].value < best.interval[1]


def test_the_budget_is_told_with_what_is_used(written):
    """Done and failed experiments count, lab time is in hours, cost is left to the campaign."""
    store, campaign_id = written(experiments=8)
    uses = {use.name: use for use in summary(store, campaign_id).budget}
    assert (uses["experiments"].used, uses["experiments"].limit) == (8, 40)
    assert 0 < uses["hours"].used < uses["hours"].limit == 24
    assert (uses["cost"].used, uses["cost"].limit) == (None, None)


def test_a_campaign_without_experiments_has_no_best(written):
    """Nothing measured is None, not zero."""
    store, campaign_id = written(experiments=0)
    stand = summary(store, campaign_id)
    assert (stand.best, stand.front, stand.hypervolume, stand.last_round) == (None, (), None, None)
    assert (stand.best_value, stand.best_point, stand.best_experiment) == (None, None, None)
    assert convergence(store, campaign_id) == ()


def test_an_unknown_campaign_is_said_to_be_unknown(written):
    """Asking for an id that nobody stored is one clear error."""
    store, _ = written(experiments=0)
    with pytest.raises(NotFoundError, match="nobody"):
        summary(store, "nobody")


def _ended(number, start, end):
    record = ExperimentRecord(
        id=f"c-{number}",
        campaign_id="c",
        number=number,
        mode=Mode.SIMULATED,
        state=ExperimentState.DONE,
        origin=Origin.PROPOSED,
        point={},
        lab_started=start,
        lab_finished=end,
        finished=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
    )
    return ExperimentData(record)


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [
        ([(0, 10), (10, 30)], 30),
        ([(0, 10), (5, 12), (20, 30)], 22),
        ([(0, 10), (20, 22), (5, 30)], 30),
        ([(0, 100), (100, 140), (140, 150)], 150),
        ([], 0),
    ],
)
def test_lab_time_counts_overlaps_once_and_every_opening(spans, seconds):
    """Parallel experiments share their time; after a resume the campaign's lab time goes on."""
    experiments = [_ended(n, start, end) for n, (start, end) in enumerate(spans, start=1)]
    assert lab_seconds([t.record for t in experiments]) == seconds


def test_what_breaks_a_threshold_is_neither_best_nor_on_the_front(written):
    """What is shown as good keeps to what was wanted; where nothing does, that is said."""
    store, campaign_id = written(experiments=30, aims=2, thresholds=(40.0, 0.1))
    stand = summary(store, campaign_id)
    assert stand.front
    for shown in (stand.best, *stand.front):
        assert shown.values["product_yield"].value >= 40
        assert shown.values["impurity"].value <= 0.1
    bests = [p.best for p in convergence(store, campaign_id) if p.best]
    assert all(b["product_yield"] >= 40 and b["impurity"] <= 0.1 for b in bests)


def test_where_nothing_meets_the_thresholds_nothing_is_best(written):
    """The page says what was wanted in the place of a best result."""
    store, campaign_id = written(experiments=30, aims=2, thresholds=(1000.0, 0.1))
    stand = summary(store, campaign_id)
    assert (stand.best, stand.front, stand.hypervolume) == (None, (), 0.0)
    assert stand.demands == "product_yield at least 1000, impurity at most 0.1"
    assert f"No result has {stand.demands} yet." in render(store, campaign_id)
    assert stand.kept == f"0 of {stand.done} results have {stand.demands}"
