"""Doubts about results name the experiments, and what can be typed about them."""

import numpy as np
import pytest

from labloop.campaign.watching import DRIFT, OUTLIER, STUCK, find_doubts
from labloop.objectives import Maximize, Minimize, Objectives, Target
from labloop.records import CurveData, Dataset, Observation
from labloop.space import Continuous, SearchSpace

SPACE = SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 1))
DRAW = np.random.default_rng(5)
X = DRAW.random((90, 2))
HILL = np.exp(-4 * ((X - 0.4) ** 2).sum(1)) + 0.02 * DRAW.standard_normal(90)


def doubts(y, aim=None, standing=(), **each):
    """Return the doubts of results ``y`` at the first points."""
    points = [{"a": float(a), "b": float(b)} for a, b in X[: len(y)]]
    seen = [
        Observation(f"c-{i:04d}", p, {"y": float(v)}, **{k: f(i) for k, f in each.items()})
        for i, (p, v) in enumerate(zip(points, y, strict=True), start=1)
    ]
    numbers = {o.experiment_id: i for i, o in enumerate(seen, start=1)}
    aims = Objectives.of(aim or Maximize("y"))
    return find_doubts(Dataset(tuple(seen)), SPACE, aims, numbers, "dye", standing)


@pytest.mark.parametrize("count", [3, 8, 40, 90])
def test_sound_results_are_not_doubted(count):
    """Few or many, with noise and without."""
    assert doubts(HILL[:count]) == []
    assert doubts(np.exp(-4 * ((X[:count] - 0.4) ** 2).sum(1))) == []


def test_a_stuck_sensor_names_its_experiments():
    """All of the row, and the line that puts them aside."""
    y = HILL[:30].copy()
    y[20:26] = 0.5123456
    (found,) = doubts(y)
    assert (found.kind, found.experiments) == (STUCK, (21, 22, 23, 24, 25, 26))
    assert "labloop withdraw dye 21 22 23 24 25 26 --reason" in found.message


def test_a_drift_tells_its_size_and_a_control():
    """How far it went, and the early experiment that would tell it from chance."""
    y = HILL[:40] + np.linspace(0, 1.0, 40)
    (found,) = doubts(y)
    assert (found.kind, found.experiments) == (DRIFT, (1, 40))
    assert found.data["size"] == pytest.approx(1.0, rel=0.15)
    assert "labloop command dye add a=" in found.message


def test_a_spoilt_result_is_told_with_what_it_should_have_been():
    """The one that is far below the others, even beside a second one."""
    y = HILL[:40].copy()
    y[[11, 30]] -= 2.0
    found = sorted(doubts(y), key=lambda doubt: doubt.experiments)
    assert [(f.kind, f.experiments) for f in found] == [(OUTLIER, (12,)), (OUTLIER, (31,))]
    for doubt, index in zip(found, (11, 30), strict=True):
        assert doubt.data["foretold"] == pytest.approx(float(HILL[index]), abs=0.1)


def test_a_result_that_is_too_good_is_left_to_be_tried_again():
    """It is doubted where large is bad, or where no side is good, and not where it is wanted."""
    y = HILL[:40].copy()
    y[11] += 2.0
    assert doubts(y) == []
    assert [d.experiments for d in doubts(y, Minimize("y"))] == [(12,)]
    assert [d.experiments for d in doubts(y, Target("y", 0.5))] == [(12,)]


def test_a_result_that_is_known_to_be_rough_is_no_wonder():
    """The same value, told with the deviation that it has."""
    y = HILL[:40].copy()
    y[11] -= 0.6
    assert [d.experiments for d in doubts(y)] == [(12,)]
    assert doubts(y, sd=lambda i: {"y": 0.6 if i == 12 else 0.02}) == []


def test_a_probe_that_reports_one_condition_whatever_was_asked():
    """What was reached is measured as well, and a stuck probe spoils what is learned."""
    asked = [{"a": float(a), "b": float(b)} for a, b in X]
    seen = [
        Observation(f"c-{i:04d}", {**p, "a": 0.3771234}, {"y": float(v)}, asked=p)
        for i, (p, v) in enumerate(zip(asked[:6], HILL, strict=False), start=1)
    ]
    numbers = {o.experiment_id: i for i, o in enumerate(seen, start=1)}
    data = Dataset(tuple(seen))
    (found,) = find_doubts(data, SPACE, Objectives.of(Maximize("y")), numbers, "dye")
    assert found.kind == STUCK
    assert found.message.startswith("the a that was reached = 0.377123")


def test_curves_that_freeze():
    """A chromatogram with one value over half of its length, and one that comes again and again."""

    def frozen(i):
        y = np.random.default_rng(i).standard_normal(60)
        y[30:] = 0.7 if i == 9 else y[30:]
        return {"uv": CurveData(np.arange(60.0), y, "s", "mV")}

    def again(i):
        return frozen(min(i, 6))

    assert [(d.kind, d.experiments) for d in doubts(HILL[:9], curves=frozen)] == [(STUCK, (9,))]
    told = doubts(HILL[:12], curves=again)
    assert [(d.kind, d.experiments) for d in told] == [(STUCK, tuple(range(6, 13)))]


def test_a_doubt_that_stands_falls_later_than_it_was_raised():
    """What was told is not taken back and told again with every result."""
    y = HILL[:40] + np.linspace(0, 1.0, 40)
    for size in np.linspace(1.0, 0.0, 40):
        y = HILL[:40] + np.linspace(0, size, 40)
        if not doubts(y):
            break
    assert [d.kind for d in doubts(y, standing={(DRIFT, "y")})] == [DRIFT]
