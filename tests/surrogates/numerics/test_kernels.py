"""Kernels in NumPy and torch are the same."""

import numpy as np
import pytest
from process_samples import KERNELS, training

from labloop.space import Categorical, Continuous, SearchSpace
from labloop.surrogates.numerics.gp_fit import MEAN_VARIANCE, LogPosterior, prior_of
from labloop.surrogates.numerics.kernels import (
    Hyperparameters,
    build_kernel,
    cross_covariance,
    squared_distances,
)

SMOOTH = ("smooth-additive", "smooth-both")


@pytest.mark.parametrize("name", [*KERNELS, *SMOOTH])
def test_numpy_and_torch_agree_on_the_covariance(name):
    data = training()
    kernel = build_kernel(name, data.features)
    rng = np.random.default_rng(2)
    hyper = Hyperparameters(
        rng.uniform(0.3, 2, len(kernel.groups)), rng.uniform(0.1, 1, len(kernel.parts)), 0
    )
    x = data.encoded.numpy()
    problem = LogPosterior(kernel, squared_distances(kernel, x), np.zeros(len(x)), np.zeros(len(x)))
    theta = np.concatenate([np.log(hyper.lengthscales), np.log(hyper.weights), [np.log(1e-9)]])
    made = cross_covariance(kernel, hyper, data.encoded, data.encoded).numpy() + MEAN_VARIANCE
    assert np.allclose(made, problem.covariance(theta)[0], atol=1e-6)
    assert np.linalg.eigvalsh(made).min() > -1e-8


def test_lengths_of_names_are_long_and_numbers_keep_theirs():
    """Lengths and weight have the mean 4 + 0.4 sqrt(D), held tightly, where a category is meant."""
    space = SearchSpace(Categorical("solvent", ["DMF", "THF", "MeCN"]), Continuous("t", 0, 1))
    usual, smooth = (build_kernel(name, space.features) for name in ("matern", "smooth-matern"))
    length = np.log(4.0 + 0.4 * np.sqrt(4))
    (centre, spread), before = prior_of(smooth), prior_of(usual)
    assert [g.smooth for g in smooth.groups] == [True, False]
    assert centre[:3] == pytest.approx([length, before[0][1], length])
    assert spread[0] < spread[2] < 0.5
    assert spread[1] == before[1][1]
