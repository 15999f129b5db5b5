"""Kernels in NumPy and torch are the same."""

import numpy as np
import pytest
import torch

from labloop.objectives import Maximize, Objectives
from labloop.space import Categorical, Continuous, SearchSpace
from labloop.surrogates import TrainingData
from labloop.surrogates.numerics.gp_fit import MEAN_VARIANCE, LogPosterior
from labloop.surrogates.numerics.kernels import (
    Hyperparameters,
    build_kernel,
    cross_covariance,
    squared_distances,
)

SOLVENTS = {"water": [1.0, 0.2], "thf": [0.4, 0.9], "dmf": [0.8, 0.5]}
SPACE = SearchSpace(
    Continuous("a", 0, 1),
    Categorical("solvent", list(SOLVENTS), descriptors=SOLVENTS),
    Categorical("dye", ["p", "q"]),
)
KERNELS = (
    "matern",
    "rbf",
    "tied",
    "hamming",
    "both",
    "additive",
    "additive-hamming",
    "additive-both",
)


def training(count=12, *, noise=0.0, space=SPACE, constant=False):
    encoded = space.encode(space.sample(count, seed=1))
    jacobian = np.arange(1, encoded.shape[1] + 1) / encoded.shape[1]
    y = np.sin(3 * encoded) @ jacobian + noise * np.random.default_rng(0).standard_normal(count)
    y = np.ones(count) if constant else y
    return TrainingData(
        encoded=torch.tensor(encoded),
        outputs=torch.tensor(y[:, None]),
        names=("y",),
        objective=Objectives.of(Maximize("y")),
        features=space.features,
        space=space,
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
