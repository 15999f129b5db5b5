"""Least squares from many starts at once."""

import numpy as np
import pytest
import torch

from labloop.objectives import Maximize, Objectives
from labloop.physics import FunctionPhysics, Prior, bind
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import MeasuredData, TrainingData
from labloop.surrogates.numerics.levenberg_marquardt import least_squares
from labloop.surrogates.solving.channels import Channels

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


def test_least_squares_finds_known_parameters():
    """From far starts, to 1e-4, where the data leave no doubt."""
    training = data(noise=0.0)
    channels = Channels(bind(PHYSICS, SPACE), training)
    starts = torch.tensor([[0.0, 0.0], [-2.0, 2.0], [3.0, 1.0]], dtype=torch.float64)
    eye = 1e6 * torch.eye(12, dtype=torch.float64).expand(3, 2, 12, 12)
    found = least_squares(channels.at_parameter_sets, channels.values, eye, starts, 60)
    assert torch.allclose(found.z, TRUE.expand(3, 2), atol=1e-4)


def test_a_start_without_finite_values_does_not_spoil_the_others():
    """Its cost is infinite, the others arrive."""

    def model(z):
        value = torch.where(z[:, :1] < -1, torch.nan, z[:, :1])[:, :, None].expand(-1, 3, 1)
        return value, torch.ones(len(z), 3, 1, 1, dtype=torch.float64)

    measured = torch.full((3, 1), 0.5, dtype=torch.float64)
    whitener = 1e3 * torch.eye(3, dtype=torch.float64).expand(2, 1, 3, 3)
    starts = torch.tensor([[-2.0], [2.0]], dtype=torch.float64)
    found = least_squares(model, measured, whitener, starts, 20)
    assert torch.isinf(found.cost[0])
    assert float(found.z[1, 0]) == pytest.approx(0.5, abs=1e-3)
