"""Scales show every value, and ticks stand at round places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.report.drawing.scales import Scale, whole_ticks


@given(
    st.floats(-1e6, 1e6, allow_nan=False), st.floats(1e-3, 1e6, allow_nan=False), st.integers(3, 9)
)
def test_ticks_lie_on_the_axis_and_are_few(low, span, most):
    """Ticks never leave the axis, ascend, and are about as many as asked for."""
    scale = Scale(low, low + span, 0, 100)
    values = [value for value, _ in scale.ticks(most)]
    slack = 1e-6 * max(abs(low), span)
    assert values == sorted(values)
    assert all(scale.low - slack <= v <= scale.high + slack for v in values)
    assert len(values) <= most + 1


@given(st.floats(1e-6, 1e3), st.floats(6, 1e8))
def test_ticks_of_a_logarithmic_axis_lie_on_it(low, ratio):
    """An axis over decades has one to six ticks, all on it."""
    scale = Scale(low, low * ratio, 0, 100, log=True)
    values = [value for value, _ in scale.ticks(6)]
    assert 1 <= len(values) <= 6
    assert all(low * 0.999 <= v <= low * ratio * 1.001 for v in values)


def test_scales_map_ends_to_ends():
    """The ends of the values land on the ends of the pixels; outside is kept at the edge."""
    linear, log = Scale(0, 10, 50, 150), Scale(1, 100, 0, 100, log=True)
    assert (linear(0), linear(5), linear(10), linear(99)) == (50, 100, 150, 150)
    assert log(10) == pytest.approx(50)
    assert log(-1) == 0


def test_a_scale_around_equal_or_no_values_is_still_a_scale():
    """One value, or none, gives an axis of a sensible width."""
    assert Scale.around([5.0], 0, 1).low < 5.0 < Scale.around([5.0], 0, 1).high
    assert (Scale.around([], 0, 1).low, Scale.around([], 0, 1).high) == (0.0, 1.0)


def test_experiments_are_counted_in_whole_numbers():
    """No axis of experiments shows number 2.5."""
    assert all(value == int(value) for value, _ in whole_ticks(1, 7, 12))
