"""The bench of intervals judges what a user is told, and its data sets do not change."""

import numpy as np
import pytest

from benchmarks.intervals.designs import design, seeds_recorded
from benchmarks.intervals.problems import held_out, settings
from benchmarks.intervals.run import figures, ideal, judged, log_score

pytestmark = pytest.mark.filterwarnings("ignore")


def test_intervals_hold_most_of_what_is_measured():
    """Twenty-five results that fill branin with noise: neither hardly any nor an empty promise."""
    data = design("branin-0.1", "filling", 0, 25)
    found = judged(settings()["branin-0.1"].space, data, held_out("branin-0.1"))
    assert found["share"] > 0.75
    assert found["width"] < 3.0
    assert found["log score"] > -1.4


def test_every_problem_has_campaigns_that_a_planner_chose():
    """Data sets of both kinds, the first ten of the 25 results being the ten."""
    assert all(seeds_recorded(name) for name in settings())
    ten, more = (design("snar", "chosen", 0, n).observations for n in (10, 25))
    assert ten == more[:10]


def test_the_points_of_a_pool_that_were_learned_are_not_asked():
    """Nothing that the model has seen is held out."""
    data = design("suzuki", "filling", 0, 25)
    learned = [o.point for o in data.observations]
    held = held_out("suzuki").without(learned)
    assert not [point for point in (*held.points, *held.top) if point in learned]
    assert len(held.top) == len(held.top_measured) > 0


def test_a_model_that_is_right_holds_fewer_of_the_best():
    """What is chosen for being high lies above what is expected: that is no fault of intervals."""
    found = ideal(10, draws=8)
    assert 0.85 < found["share"] < 0.95
    assert found["top"] < found["share"] - 0.05


def test_a_problem_out_of_range_is_a_miss():
    """Means that pass do not hide a problem that fails."""
    run = {"design": "filling", "seed": 0, "promising": 0.9, "log score": -1.0, "width": 2.0}
    rows = [
        run | {"problem": name, "n": n, "share": share, "top": 0.9}
        for name, share in (("snar", 0.86), ("dryer", 0.94))
        for n in (10, 25)
    ]
    assert [f["passed"] for f in figures(rows)] == [True]
    rows[0]["share"] = 0.80
    assert [f["passed"] for f in figures(rows)] == [False]
    told = log_score(np.zeros(2), np.zeros(2), np.ones(2), 1.0)
    assert told == pytest.approx(-0.919, abs=1e-3)
