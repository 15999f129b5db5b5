"""Kernels in NumPy and torch are the same."""

import numpy as np
import pytest
from process_samples import KERNELS, training

from labloop.surrogates.numerics.gp_fit import MEAN_VARIANCE, LogPosterior
from labloop.surrogates.numerics.kernels import (
    Hyperparameters,
    build_kernel,
    cross_covariance,
    squared_distances,
)


@pytest.mark.parametrize("name", KERNELS)
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
