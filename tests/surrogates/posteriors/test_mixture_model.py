"""A mixture's posterior: samples allocated by weight, moments of the mixture."""

import numpy as np
import pytest
import torch
from botorch.sampling.normal import SobolQMCNormalSampler

from labloop.objectives import Maximize, Objectives
from labloop.physics import FunctionPhysics, Prior
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import MixtureFactory, MixtureModel, TrainingData
from labloop.surrogates.posteriors.mixture_model import allocate_samples

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


def test_samples_are_allotted_by_weight():
    """Every sample has a member, in proportion; what is left goes to the largest rests."""
    assert allocate_samples([0.5, 0.3, 0.2], 10) == [5, 3, 2]
    assert allocate_samples([0.9995, 0.0005], 64) == [64, 0]
    assert sum(allocate_samples([1 / 3] * 3, 64)) == 64


def test_the_posterior_has_the_moments_of_its_samples():
    """Mean and variance of the mixture agree with many samples, also with given draws."""
    members = MixtureFactory(physics()).fit(data(n=5)).model.members
    model = MixtureModel(members, [1 / len(members)] * len(members))
    x = torch.tensor([[[0.2, 0.3], [0.9, 0.8]]], dtype=torch.float64)
    posterior = model.posterior(x)
    samples = SobolQMCNormalSampler(torch.Size([2048]), seed=0)(posterior)
    assert samples.shape == (2048, 1, 2, 1)
    sd = posterior.variance.sqrt()
    assert bool(((samples.mean(0) - posterior.mean).abs() < 0.1 * sd).all())
    assert samples.std(0) == pytest.approx(sd, rel=0.1)
