"""Intervals hold what few results leave open of the hyper-parameters."""

import numpy as np
import pytest
import torch

from labloop.space import Continuous, SearchSpace
from labloop.surrogates.members.gp import GPModel
from labloop.surrogates.members.output_gp import fit_output
from labloop.surrogates.numerics import build_kernel, fit_gp, plausible_gps

SPACE = SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 1))
KERNEL = build_kernel("matern", SPACE.features)


def covered(averaged):
    """Return the share of new values of smooth random functions in the intervals of 90 %."""
    inside = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        waves, phase = rng.normal(0.0, 4.0, (60, 2)), rng.uniform(0, 2 * np.pi, 60)
        x = rng.random((30, 2))
        y = np.cos(x @ waves.T + phase).sum(1) * (2 / 60) ** 0.5
        model = GPModel(torch.tensor(x[:7]), [fit_output([KERNEL], x[:7], y[:7], np.zeros(7))])
        new = torch.tensor(x[7:])
        if averaged:
            parts = model.told_parts(new)
            mean, variance = parts.mean, parts.noise + parts.discrepancy
        else:
            mean, variance, _ = (m.unsqueeze(-1) for m in model.cross_moments(new, new[:1]))
            variance = variance + model.noise_variance(0)
        away = (torch.tensor(y[7:, None]) - mean) / variance.sqrt()
        inside.append(float((away.abs() < 1.645).double().mean()))
    return float(np.mean(inside))


def test_intervals_cover_more_than_those_of_one_set_of_hyperparameters():
    """Seven results of a function with other lengthscales than the prior's centre."""
    one, several = covered(averaged=False), covered(averaged=True)
    assert several > one + 0.02
    assert 0.8 < several < 0.97


def test_the_same_fit_gives_the_same_draws():
    """What is told of a proposal does not hang on chance."""
    rng = np.random.default_rng(0)
    x, y = rng.random((9, 2)), rng.standard_normal(9)
    fitted = fit_gp(KERNEL, x, y, np.zeros(9))
    first, second = plausible_gps(fitted, 8), plausible_gps(fitted, 8)
    assert len(first) == 8
    for a, b in zip(first, second, strict=True):
        assert a.hyper.noise == b.hyper.noise
        assert a.hyper.lengthscales == pytest.approx(b.hyper.lengthscales, rel=0)
    assert len({gp.hyper.noise for gp in first}) == 8
