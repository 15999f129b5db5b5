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


def test_what_no_result_tells_is_drawn_from_the_prior():
    """One result says nothing of lengthscales: draws lie as far apart as their prior has them."""
    fitted = fit_gp(KERNEL, np.array([[0.5, 0.5]]), np.zeros(1), np.zeros(1))
    drawn = np.log([gp.hyper.lengthscales for gp in plausible_gps(fitted, 32)])
    centre, spread = fitted.problem.prior
    # Between the modes of a lengthscale and of its logarithm.
    assert np.abs(drawn.mean(0) - centre[:2] + 0.5 * spread[:2] ** 2).max() < 0.8 * spread[0]
    assert (drawn.std(0) > 0.5 * spread[:2]).all()
    assert (drawn.std(0) < 1.5 * spread[:2]).all()


def test_noise_that_results_tell_is_drawn_near_it():
    """Thirty results around a plane with noise of a fifth of their spread."""
    rng = np.random.default_rng(1)
    x = rng.random((30, 2))
    y = x.sum(1) + rng.normal(0.0, 0.1, 30)
    fitted = fit_gp(KERNEL, x, (y - y.mean()) / y.std(ddof=1), np.zeros(30))
    noise = np.sqrt([gp.hyper.noise for gp in plausible_gps(fitted, 12)]) * y.std(ddof=1)
    assert 0.07 < noise.mean() < 0.14


def test_many_results_are_drawn_around_the_most_probable():
    """Beyond sixty results an approximation takes the place of the walkers, as many draws."""
    rng = np.random.default_rng(2)
    x = rng.random((70, 2))
    fitted = fit_gp(KERNEL, x, np.sin(6.0 * x[:, 0]), np.zeros(70))
    drawn = plausible_gps(fitted, 8)
    assert len(drawn) == 8
    moved = [np.abs(np.log(gp.hyper.lengthscales / fitted.hyper.lengthscales)) for gp in drawn]
    assert 0.0 < np.max(moved) < 5.0
