"""A mixture's posterior: samples allocated by weight, moments of the mixture."""

import pytest
import torch
from botorch.sampling.normal import SobolQMCNormalSampler
from rise_samples import data, physics

from labloop.surrogates import GPFactory, MixtureFactory, MixtureModel, told_parts
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


def test_people_are_told_what_each_member_tells_them():
    """The wider intervals of the member without physics count by its weight."""
    plain = GPFactory().fit(data(n=5)).model
    members = [plain, *MixtureFactory(physics()).fit(data(n=5)).model.members]
    x = torch.tensor([[0.2, 0.3], [0.9, 0.8]], dtype=torch.float64)
    alone = MixtureModel([plain], [1.0])
    assert torch.equal(told_parts(alone, x).discrepancy, plain.told_parts(x).discrepancy)
    every = MixtureModel(members, [1 / len(members)] * len(members))
    means = torch.stack([told_parts(m, x).mean for m in members])
    assert told_parts(every, x).mean == pytest.approx(means.mean(0))
    searched = every.variance_parts(x)
    assert not torch.equal(told_parts(every, x).discrepancy, searched.discrepancy)
