"""What is known of the noise of single results counts: told with them, or seen in replicates."""

import numpy as np
import pytest
import torch

from labloop.brain.acquisition import training_data
from labloop.objectives import Maximize, Objectives
from labloop.records import Dataset, Observation
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import GPFactory
from labloop.surrogates.members.replicates import excess_variance

SPACE = SearchSpace(Continuous("a", 0, 1))
TRUTH = np.linspace(0.0, 1.0, 8)
SPOILT = (1.4, 1.9, 0.9)
"""Three replicates at 0.5, where the truth is 0.5."""


def fitted(places, values, sds=None):
    made = [
        Observation(f"e{i}", {"a": float(a)}, {"y": float(v)}, sd={} if sd is None else {"y": sd})
        for i, (a, v, sd) in enumerate(
            zip(places, values, [None] * len(places) if sds is None else sds, strict=True)
        )
    ]
    objective = Objectives.of(Maximize("y"))
    return GPFactory().fit(training_data(SPACE, objective, Dataset(tuple(made)), 0)).model


def at(model, place):
    x = torch.tensor([[place]], dtype=torch.float64)
    return float(model.cross_moments(x, x)[0])


def test_a_result_with_a_large_known_sd_moves_the_model_less():
    """``sd`` told with a result is taken for what it says."""
    places, values = [*TRUTH, 0.5], [*TRUTH, 3.0]
    sure = fitted(places, values, [0.01] * 9)
    unsure = fitted(places, values, [*[0.01] * 8, 3.0])
    assert at(unsure, 0.5) == pytest.approx(0.5, abs=0.1)
    assert at(sure, 0.5) > 0.8


def test_replicates_that_differ_move_the_model_less():
    """A place where three replicates scatter does not pretend to be the best."""
    quiet = [0.001, -0.001, 0.0]
    places = [*TRUTH, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.5, 0.5, 0.5]
    values = [*TRUTH, *(0.1 + q for q in np.array(quiet)), *(0.9 + q for q in np.array(quiet))]
    model = fitted(places, [*values, *SPOILT])
    x, y = np.array(places)[:, None], np.array([*values, *SPOILT])
    found = excess_variance(x, y, np.zeros(len(y)))
    assert np.count_nonzero(found) == 3
    assert found[-1] == pytest.approx(2 / 5 * np.var(SPOILT, ddof=1), rel=1e-3)
    assert abs(at(model, 0.5) - 0.5) < 0.5 * abs(np.mean(SPOILT) - 0.5)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([0.5] * 6, [1, 2, 3, 1, 2, 3]),
        ([0.1, 0.1, 0.5, 0.5, 0.9, 0.9], [0, 9, 0, 0, 0, 0]),
        ([0.1] * 3 + [0.5] * 3, [1.0, 1.1, 0.9, 2.0, 2.1, 1.85]),
        ([0.1] * 3 + [0.5] * 3, [1.0, 1.1, 0.9, np.nan, 9.0, 0.0]),
    ],
    ids=["one point", "pairs", "alike", "missing"],
)
def test_nothing_is_said_without_three_replicates_of_two_points_that_differ_in_spread(x, y):
    found = excess_variance(np.array(x)[:, None], np.array(y, dtype=float), np.zeros(6))
    assert not found.any()


def test_known_variances_are_believed_as_they_are():
    x, y = np.repeat([[0.1], [0.5]], 3, axis=0), np.array([1.0, 1.1, 0.9, 0.0, 5.0, 9.0])
    assert not excess_variance(x, y, np.full(6, 0.01)).any()
