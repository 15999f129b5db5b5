"""Equal values in a row are told where chance makes them rare, and nowhere else."""

import numpy as np

from labloop.campaign.watching.repeats import equal_rows, stands_still
from labloop.records import CurveData

DRAW = np.random.default_rng(0)
MOVED = [(float(a), float(b)) for a, b in DRAW.random((40, 2))]
FINE = [float(v) for v in DRAW.random(40)]


def rows(values, settings=MOVED):
    return list(equal_rows(values, settings[: len(values)]))


def test_four_equal_results_among_others_are_a_row():
    """Found wherever they stand, also after the sensor was mended; three are not enough."""
    values = [*FINE[:10], *[0.123456] * 4, *FINE[10:20]]
    assert rows(values) == [(10, 11, 12, 13)]
    assert rows([*FINE[:10], *[0.123456] * 3, *FINE[10:20]]) == []


def test_a_value_that_often_comes_may_come_often():
    """A plateau at 0 that half of the results lie on, and a scale of three steps."""
    plateau = [v if v > 0.5 else 0.0 for v in FINE]
    assert rows([*plateau[:20], 0.0, 0.0, 0.0, 0.0, *plateau[20:]]) == []
    assert rows([float(round(2 * v)) for v in FINE]) == []


def test_what_was_not_changed_may_repeat():
    """The same conditions again, or one of two settings kept: nothing is stuck."""
    values = [*FINE[:10], *[0.123456] * 6]
    assert rows(values, [*MOVED[:10], *[MOVED[0]] * 6]) == []
    assert rows(values, [*MOVED[:10], *[(1.0, b) for _, b in MOVED[10:16]]]) == []


def test_a_sensor_that_is_stuck_from_the_beginning():
    """A value of many digits soon, a round one later: it may be a plateau."""
    assert rows([0.123456] * 4) == [(0, 1, 2, 3)]
    assert rows([0.0] * 8) == []
    assert rows([0.0] * 30) == [tuple(range(30))]


def test_other_categories_are_other_settings():
    """Without numbers among the settings, a change of any of them counts."""
    values = [*FINE[:10], *[0.123456] * 4]
    changed = [(str(i % 5), "a") for i in range(14)]
    assert rows(values, changed) == [(10, 11, 12, 13)]
    assert rows(values, [("x", "a")] * 14) == []


def curve(y):
    return CurveData(np.arange(len(y), dtype=float), np.asarray(y, float), "s", "mV")


def test_a_noisy_curve_that_stands_still():
    """A detector that freezes on the way; without noise to be missed nothing is claimed."""
    noisy = [curve(DRAW.standard_normal(60)) for _ in range(4)]
    frozen = np.concatenate([DRAW.standard_normal(40), np.full(20, 0.7)])
    assert stands_still(curve(frozen), noisy) == 20
    assert stands_still(noisy[3], noisy[:3]) == 0
    assert stands_still(curve(np.zeros(60)), [curve(np.exp(-np.linspace(0, 3, 60)))] * 4) == 0
    assert stands_still(curve(frozen), noisy[:2]) == 0
