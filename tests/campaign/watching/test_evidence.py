"""What was added to results on a smooth surface is told from the surface and from the noise."""

import numpy as np
import pytest

from labloop.campaign.watching.evidence import smooth

DRAW = np.random.default_rng(3)
X = DRAW.random((40, 2))
HILL = np.exp(-4 * ((X - 0.4) ** 2).sum(1)) + 0.02 * DRAW.standard_normal(40)
TIME = np.linspace(-0.5, 0.5, 40)
ALIKE = np.ones(40)


def test_a_trend_is_found_and_measured():
    """A walk of half the height of a hill: odds beyond doubt, its size within a tenth."""
    surface = smooth(X, 10 * (HILL + 0.5 * TIME) + 3, ALIKE)
    assert surface.added(TIME, noises=4, spread=1) > 10
    assert surface.along(TIME) == pytest.approx(5.0, rel=0.1)


@pytest.mark.parametrize("y", [HILL, np.exp(-4 * ((X - 0.4) ** 2).sum(1))], ids=["noisy", "exact"])
def test_nothing_added_is_nothing_found(y):
    """Neither a trend nor a spoilt result in a hill with noise, or without any."""
    surface = smooth(X, y, ALIKE)
    assert surface.added(TIME, noises=4, spread=1) < 3
    worst = np.eye(40)[int(np.argmin(surface.left_out()))]
    assert surface.added(worst, noises=8, spread=1) < 6


def test_a_trend_of_the_conditions_is_no_trend_in_time():
    """Experiments in the order of a condition that matters: its effect is not taken for a drift."""
    order = np.argsort(X[:, 0])
    surface = smooth(X[order], HILL[order] + 2 * X[order, 0], ALIKE)
    assert surface.added(TIME, noises=4, spread=1) < 3


def test_a_spoilt_result_is_foretold_by_the_others():
    """Its own value does not count: what it should have been comes within two deviations."""
    y = HILL.copy()
    y[7] -= 3.0
    trusted = ALIKE.copy()
    trusted[7] = 1e4
    assert smooth(X, y, ALIKE).added(np.eye(40)[7], noises=8, spread=1) > 10
    mean, sd = smooth(X, y, trusted).foretold(7)
    assert abs(mean - HILL[7]) < 2 * sd < 0.5


def test_scale_and_origin_do_not_matter():
    """In other units, with another zero: the same evidence."""
    y = HILL + 0.3 * TIME
    one, other = smooth(X, y, ALIKE), smooth(X, 1e6 * y - 1e9, ALIKE)
    assert one.added(TIME, 4, 1) == pytest.approx(other.added(TIME, 4, 1), abs=1e-3)
