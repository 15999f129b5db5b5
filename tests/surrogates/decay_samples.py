"""Physics of two parameters and two outputs, and measurements of it."""

import numpy as np
import torch

from labloop.objectives import Maximize, Objectives
from labloop.physics import FunctionPhysics, Prior
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import MeasuredData, TrainingData

SPACE = SearchSpace(Continuous("time", 0, 10, unit="s"), Continuous("dose", 1, 5))


PRIORS = {"k": Prior(0.2, "1/s", fold=3), "b": Prior(1.0, "1", sd=1)}


def decay(x, theta):
    """Return a rise that saturates, and its square."""
    made = theta["b"] * x["dose"] * (1 - torch.exp(-theta["k"] * x["time"]))
    return {"y": made, "square": made**2}


PHYSICS = FunctionPhysics(decay, PRIORS, {"time": "s", "dose": "1"}, ("y", "square"))


TRUE = torch.tensor([0.8, -0.5], dtype=torch.float64)


def data(n=12, seed=0, noise=0.02, miss=0.0, extra=True, objective=None):
    """Return measurements of the truth, which is the physics at TRUE plus ``miss`` of a wave."""
    rng = np.random.default_rng(seed)
    encoded = torch.tensor(SPACE.encode(SPACE.sample(n, seed)))
    value = PHYSICS.bind(SPACE).predict(encoded, TRUE)
    wave = miss * torch.sin(6 * encoded[:, :1])
    value = value + wave + noise * torch.tensor(rng.standard_normal(value.shape))
    objective = objective or Objectives.of(Maximize("y"))
    common = {
        "encoded": encoded,
        "objective": objective,
        "features": tuple(SPACE.features),
        "space": SPACE,
        "seed": seed,
    }
    if objective.count > 1:
        return TrainingData(outputs=value, names=("y", "square"), **common)
    if not extra:
        return TrainingData(outputs=value[:, :1], names=("y",), **common)
    return MeasuredData(
        outputs=value[:, :1],
        names=("y",),
        extra_names=("square",),
        extra_outputs=value[:, 1:],
        **common,
    )
