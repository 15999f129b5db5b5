"""All aims of a campaign: the best seen, the front, thresholds and the reference point."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import ObjectiveError
from labloop.objectives import Maximize, Minimize, Objectives, Target
from labloop.records import Dataset, Observation

GRID = st.integers(0, 6).map(float)


def data(*rows, failed=()):
    return Dataset(
        tuple(
            Observation(f"e{i}", {"x": float(i)}, {} if i in failed else row, failed=i in failed)
            for i, row in enumerate(rows)
        )
    )


def test_the_best_seen_of_one_aim():
    """Failed experiments and those without the output do not count; the earlier of equals does."""
    seen = data({"y": 1}, {"y": 3}, {"y": 9}, {"y": 3}, {"z": 99}, failed={2})
    assert Objectives.of(Maximize("y")).best_seen(seen).experiment_id == "e1"
    assert Objectives.of(Minimize("y")).best_seen(seen).experiment_id == "e0"
    assert Objectives.of(Target("y", 3.4, 0.5)).best_seen(seen).experiment_id == "e1"
    assert Objectives.of(Maximize("y")).best_seen(Dataset()) is None
    assert Objectives.of(Maximize("none")).best_seen(seen) is None


def test_several_aims():
    """The front in order, the balanced one as best, the volume above the reference."""
    both = Objectives.of([Maximize("y", threshold=0.0), Minimize("c", threshold=10.0)])
    seen = data({"y": 9, "c": 9}, {"y": 1, "c": 1}, {"y": 6, "c": 4}, {"y": 5, "c": 5})
    assert both.reference_point(seen) == (0.0, -10.0)
    assert [o.experiment_id for o in both.pareto(seen)] == ["e0", "e1", "e2"]
    assert both.best_seen(seen).experiment_id == "e2"
    # By hand: 1 x 9 + 5 x 6 + 3 x 1.
    assert both.volume(seen) == pytest.approx(42.0)
    assert both.pareto(Dataset()) == ()
    assert both.volume(Dataset()) == 0.0


def test_what_breaks_a_threshold_is_worth_nothing():
    """It is never the best and never on the front, however good it is otherwise."""
    both = Objectives.of([Maximize("y", threshold=5.0), Minimize("c", threshold=4.0)])
    seen = data({"y": 99, "c": 4.1}, {"y": 4.9, "c": -99}, {"y": 5, "c": 4}, {"y": 6, "c": 3})
    assert both.feasible(both.measured(seen)[1]).tolist() == [False, False, True, True]
    assert both.best_seen(seen).experiment_id == "e3"
    assert [o.experiment_id for o in both.pareto(seen)] == ["e3"]
    assert both.best_seen(data({"y": 99, "c": 4.1}, {"y": 4.9, "c": -99})) is None
    assert both.pareto(data({"y": 99, "c": 4.1})) == ()
    assert both.demands == "y at least 5, c at most 4"


def test_a_threshold_that_is_just_met_is_met():
    """The arithmetic of a target's distance breaks no threshold."""
    near = Objectives.of([Target("t", 1.0, 0.01, threshold=0.1), Maximize("y")])
    assert near.best_seen(data({"t": 1.1, "y": 0})).experiment_id == "e0"
    assert near.best_seen(data({"t": 0.9, "y": 0})).experiment_id == "e0"
    assert near.best_seen(data({"t": 1.1001, "y": 0})) is None
    assert near.demands == "t within 0.1 of 1"


def test_the_reference_point_has_a_stated_default():
    """The worst seen minus a tenth of the range, or of the size of the worst."""
    aims = [Maximize("y"), Minimize("c"), Target("t", 5, 1), Target("u", 5, 1, threshold=3)]
    seen = data(
        {"y": 10, "c": 4, "t": 5, "u": 5},
        {"y": 20, "c": 4, "t": 8, "u": 5},
    )
    point = Objectives.of(aims).reference_point(seen)
    assert point == pytest.approx((9.0, -4.4, -2.2, -2.0))
    alone = data({"y": 0, "c": 0, "t": 5, "u": 5})
    assert Objectives.of(aims).reference_point(alone) == pytest.approx((-0.1, -0.1, -0.1, -2.0))
    with pytest.raises(ObjectiveError, match="'maximize y' has no reference; give it a threshold"):
        Objectives.of(aims).reference_point(Dataset())


@settings(deadline=None)
@given(
    st.lists(st.fixed_dictionaries({"y": GRID, "c": GRID}), min_size=1, max_size=8),
)
def test_every_measured_point_covers_something(rows):
    """With the default reference the best seen stands on the front and the volume is not zero."""
    both = Objectives.of([Maximize("y"), Minimize("c")])
    seen = data(*rows)
    assert both.best_seen(seen).outputs in [o.outputs for o in both.pareto(seen)]
    assert both.volume(seen) > 0
