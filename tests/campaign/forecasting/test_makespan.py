"""How long experiments take together follows from how long each takes, and from the rounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.campaign.forecasting.makespan import makespan, resampled


@pytest.mark.parametrize(
    ("durations", "rules", "seconds"),
    [
        ([3, 1, 2], {"batch": 1, "parallel": 1}, 6),
        ([3, 1, 2], {"batch": 3, "parallel": 3}, 3),
        ([3, 1, 2], {"batch": 3, "parallel": 2}, 3),
        ([3, 1, 2, 2], {"batch": 2, "parallel": 2}, 5),
        ([3, 1, 2, 2], {"batch": 2, "parallel": 2, "asynchronous": True}, 5),
        ([3, 1, 1, 1], {"batch": 2, "parallel": 2, "asynchronous": True}, 3),
        ([], {"batch": 2, "parallel": 2}, 0),
    ],
)
def test_rounds_and_parallel_experiments(durations, rules, seconds):
    """A round waits for its last experiment; without rounds nobody waits."""
    assert makespan(durations, **rules) == seconds


@given(
    durations=st.lists(st.floats(0, 1e4), max_size=20),
    batch=st.integers(1, 6),
    parallel=st.integers(1, 6),
)
def test_between_the_longest_and_the_sum(durations, batch, parallel):
    """No experiment is faster than itself, and nothing is slower than one after the other."""
    together = makespan(durations, batch=batch, parallel=parallel)
    assert max(durations, default=0.0) <= together + 1e-6
    assert together <= sum(durations) + 1e-6


def test_few_measurements_make_a_wide_interval():
    """Three measured durations say less of the rest than thirty of the same spread."""
    rules = {"batch": 1, "parallel": 1, "asynchronous": False}

    def spread(measured):
        drawn = sorted(resampled(measured, 20, 400, **rules))
        return drawn[380] - drawn[20]

    assert spread([50.0, 100.0, 150.0]) > 1.5 * spread([50.0, 100.0, 150.0] * 10)
