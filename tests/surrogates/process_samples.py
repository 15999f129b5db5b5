"""A space with every kind of column, and results in it that a Gaussian process can learn."""

import numpy as np
import torch

from labloop.objectives import Maximize, Objectives
from labloop.space import Categorical, Continuous, SearchSpace
from labloop.surrogates import TrainingData

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
