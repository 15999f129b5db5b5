"""Of thousands of points only those that may be the best are drawn together."""

import numpy as np
import torch

from labloop.brain.acquisition.noisy_hypervolume import LogNoisyEHVI
from labloop.brain.acquisition.noisy_improvement import LogNoisyEI, hopeful
from labloop.brain.acquisition.training import training_data
from labloop.objectives import Maximize, Minimize, Objectives
from labloop.records import Dataset, Observation
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import GPFactory

SPACE = SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 1))
MANY = 330


def fitted(*aims):
    points = SPACE.sample(MANY, 3)
    noise = 0.1 * np.random.default_rng(0).standard_normal((MANY, 2))
    data = Dataset(
        tuple(
            Observation(f"e{i}", p, {"y": p["a"] * p["b"] + u, "z": p["a"] + p["b"] ** 2 + v})
            for i, (p, (u, v)) in enumerate(zip(points, noise, strict=True))
        )
    )
    training = training_data(SPACE, Objectives.of(list(aims)), data, 0)
    return training, GPFactory().fit(training).model


def test_few_points_are_all_kept_and_of_many_the_hopeful_and_those_under_way():
    values = torch.arange(400.0).flip(0)
    waiting = torch.arange(400) >= 398
    counts = torch.arange(400) != 1
    kept = hopeful(values.unsqueeze(0), counts, waiting)
    assert kept[0]
    assert not kept[1]
    assert kept[398:].all()
    assert int(kept.sum()) == 202
    assert hopeful(values[:300].unsqueeze(0), counts[:300], waiting[:300]).all()


def test_the_improvement_is_that_over_all_points():
    """What is left out is never the best of a draw, so that near the optimum little changes."""
    training, model = fitted(Maximize("y"))
    x = (0.9 + 0.1 * torch.tensor(SPACE.encode(SPACE.sample(50, 8)))).unsqueeze(1)
    order = model.cross_moments(training.encoded, training.encoded[:1])[0].argsort()
    with torch.no_grad():
        many = LogNoisyEI(model, training.encoded, None, draws=512)(x)
        few = LogNoisyEI(model, training.encoded[order[-100:]], None, draws=512)(x)
    assert int(many.argmax()) == int(few.argmax())
    assert abs(float(many.max() - few.max())) < 0.5


def test_both_ends_of_a_front_are_kept():
    training, model = fitted(Maximize("y"), Minimize("z"))
    reference, unit = torch.zeros(2).double() - 2.0, torch.ones(2).double()
    built = LogNoisyEHVI(
        model, training.encoded, None, signs=(1.0, -1.0), reference=reference, unit=unit
    )
    base = built._aims[0]._base
    high = training.encoded[training.outputs[:, 0].argsort()[-20:]].mean(0)
    low = training.encoded[training.outputs[:, 1].argsort()[:20]].mean(0)
    for end in (high, low):
        assert float((base - end).norm(dim=1).min()) < 0.2
