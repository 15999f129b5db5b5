"""A mixture's posterior: samples allocated by weight, moments of the mixture."""

import pytest
import torch
from botorch.sampling.normal import SobolQMCNormalSampler
from rise_samples import data, physics

from labloop.surrogates import MixtureFactory, MixtureModel
from labloop.surrogates.posteriors.mixture_model import allocate_samples


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
