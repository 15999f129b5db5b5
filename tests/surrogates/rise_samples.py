"""Physics of one parameter, and measurements of a truth that it tells nearly all of."""

import numpy as np
import torch

from labloop.objectives import Maximize, Objectives
from labloop.physics import FunctionPhysics, Prior
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import TrainingData

SPACE = SearchSpace(Continuous("time", 0.1, 10, unit="s"), Continuous("heat", 0, 1))


def rise(x, theta):
    """Return an intermediate that comes and goes."""
    k = theta["k"] * (1 + 2 * x["heat"])
    return {"y": k / (k - 0.3) * (torch.exp(-0.3 * x["time"]) - torch.exp(-k * x["time"]))}


def physics(predict=rise, prior=None):
    """Return a physics model of one parameter."""
    prior = prior or Prior(1.0, "1", fold=2)
    return FunctionPhysics(predict, {"k": prior}, {"time": "s", "heat": "1"}, ("y",), name="rise")


def data(n=10, seed=0, noise=0.01):
    """Return measurements of the truth: k = 0.7, and a little that no physics tells."""
    rng = np.random.default_rng(seed)
    encoded = torch.tensor(SPACE.encode(SPACE.sample(n, seed)))
    z = torch.tensor([np.log(0.7) / np.log(2)])
    value = physics().bind(SPACE).predict(encoded, z)
    value = value + 0.03 * encoded[:, :1] + noise * torch.tensor(rng.standard_normal((n, 1)))
    return TrainingData(
        encoded=encoded,
        outputs=value,
        names=("y",),
        objective=Objectives.of(Maximize("y")),
        features=tuple(SPACE.features),
        space=SPACE,
        seed=seed,
    )
