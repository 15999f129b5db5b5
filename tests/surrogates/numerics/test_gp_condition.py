"""Conditioning on known hyper-parameters, and leaving results out in closed form."""

import numpy as np
import pytest

from labloop.space import Continuous, SearchSpace
from labloop.surrogates.numerics import (
    build_kernel,
    condition_on,
    fit_gp,
    foretold_without,
)

SPACE = SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 1))
X = np.random.default_rng(0).random((30, 2))
Y = np.sin(5 * X).sum(1) + 0.1 * np.random.default_rng(1).standard_normal(30)
NONE = np.zeros(30)
FITTED = fit_gp(build_kernel("matern", SPACE.features), X, (Y - Y.mean()) / Y.std(), NONE)
SCALED = (Y - Y.mean()) / Y.std()


def test_conditioning_on_the_same_results_gives_the_same_process():
    """Only hyper-parameters are taken over; the rest follows from the results."""
    again = condition_on(FITTED, X, SCALED, NONE)
    assert again.hyper is FITTED.hyper
    assert np.allclose(again.alpha, FITTED.alpha, rtol=1e-6)
    assert np.allclose(again.inverse_root, FITTED.inverse_root, rtol=1e-6, atol=1e-6)
    assert np.allclose(again.loo_mean, FITTED.loo_mean, atol=1e-8)
    assert np.allclose(again.loo_sd, FITTED.loo_sd, rtol=1e-6)


def test_known_variances_count():
    """A result of great variance is hardly believed."""
    known = np.where(np.arange(30) == 4, 1e6, 0.0)
    changed = np.where(np.arange(30) == 4, 50.0, SCALED)
    found = condition_on(FITTED, X, changed, known)
    assert abs(found.alpha[4]) < 1e-3


@pytest.mark.parametrize("rows", [[3], [3, 17, 20]])
def test_what_is_left_out_is_foretold_by_the_others(rows):
    """The block inverse says what a process that never saw them says."""
    left = np.isin(np.arange(30), rows)
    mean, sd = foretold_without(FITTED, SCALED, left)
    small = condition_on(FITTED, X[~left], SCALED[~left], NONE[~left])
    assert np.allclose(mean[~left], small.loo_mean, atol=1e-6)
    assert np.allclose(sd[~left], small.loo_sd, rtol=1e-6)
    for row in rows:
        others = ~left
        others[row] = True
        place = int(np.flatnonzero(others).tolist().index(row))
        with_it = condition_on(FITTED, X[others], SCALED[others], NONE[others])
        assert mean[row] == pytest.approx(with_it.loo_mean[place], abs=1e-6)
        assert sd[row] == pytest.approx(with_it.loo_sd[place], rel=1e-6)


def test_a_covariance_without_a_factor_is_an_error():
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        condition_on(FITTED, X, SCALED, np.full(30, -2.0))
