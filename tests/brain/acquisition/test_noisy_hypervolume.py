"""The expected gain of hypervolume of two aims, against its definition."""

import numpy as np
import pytest
import torch

from labloop.brain.acquisition.noisy_hypervolume import LogNoisyEHVI
from labloop.objectives import Maximize, Minimize, Objectives, hypervolume
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import GPFactory, TrainingData

SPACE = SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 1))
AIMS = Objectives.of([Maximize("y"), Minimize("z")])
SIGNS = torch.tensor([1.0, -1.0], dtype=torch.float64)


@pytest.fixture(scope="module")
def data():
    """Twelve results of two aims that disagree, in units far from one."""
    x = torch.rand(12, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    a, b = x.T
    y = torch.stack([100 * (a + 0.3 * b**2), 1e-3 * ((a - 0.2) ** 2 + b)], -1)
    return TrainingData(
        encoded=x,
        outputs=y,
        names=("y", "z"),
        objective=AIMS,
        features=tuple(SPACE.features),
        space=SPACE,
    )


@pytest.fixture(scope="module")
def model(data):
    return GPFactory().fit(data).model


def acquisition(model, data, pending=None, draws=16, **kept):
    return LogNoisyEHVI(
        model,
        data.encoded,
        pending,
        signs=SIGNS.tolist(),
        reference=torch.tensor(AIMS.reference_of(data.scores.numpy())),
        unit=data.scores.std(0),
        seed=3,
        draws=draws,
        **kept,
    )


def test_the_value_is_the_mean_gain_of_joint_samples(model, data):
    """The definition: volume with the candidate less volume without, over joint draws."""
    x = torch.tensor([[0.9, 0.1], [0.3, 0.0], [0.1, 0.05], [0.7, 0.4]], dtype=torch.float64)
    found = acquisition(model, data, draws=256)(x.unsqueeze(1)).exp()
    reference, unit = np.array(AIMS.reference_of(data.scores.numpy())), data.scores.std(0).numpy()
    torch.manual_seed(0)
    for row, value in zip(x, found.tolist(), strict=True):
        samples = model.posterior(torch.cat([data.encoded, row[None]])).rsample(torch.Size([1500]))
        worth = (samples * SIGNS).detach().numpy() / unit
        gains = [
            hypervolume(w, reference / unit) - hypervolume(w[:-1], reference / unit) for w in worth
        ]
        error = np.std(gains) / len(gains) ** 0.5
        assert value == pytest.approx(np.mean(gains), rel=0.03, abs=4 * error + 1e-6)


def test_far_below_the_front_there_is_still_a_slope(model, data):
    """Where a gain is all but impossible, the logarithm and its gradient are finite."""
    x = torch.rand(64, 1, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    x.requires_grad_(True)
    value = acquisition(model, data)(x)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    assert bool(torch.isfinite(value).all())
    assert bool(torch.isfinite(gradient).all())
    assert float(value.detach().min()) < -100


def test_what_is_under_way_is_not_asked_for_again(model, data):
    """A point that is pending is worth far less than it was."""
    x = torch.tensor([[0.2, 0.0]], dtype=torch.float64)
    alone = float(acquisition(model, data)(x.unsqueeze(1)))
    assert float(acquisition(model, data, pending=x)(x.unsqueeze(1))) < alone - 3


def test_a_bound_weighs_the_gain(model, data):
    """Below a bound that no result can keep there is nothing to be gained."""
    x = torch.tensor([[0.9, 0.1]], dtype=torch.float64)
    free = float(acquisition(model, data)(x.unsqueeze(1)))
    bound = float(acquisition(model, data, kept=[(model, 0, 1000.0, float("inf"))])(x.unsqueeze(1)))
    assert bound < free - 100
