"""Of many results some choose the hyper-parameters, and more are predicted from."""

import numpy as np
import pytest

from labloop.space import Continuous, SearchSpace
from labloop.surrogates.members.many_results import telling_rows
from labloop.surrogates.members.output_gp import fit_output
from labloop.surrogates.numerics import build_kernel

SPACE = SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 1))
KERNELS = [build_kernel(name, SPACE.features) for name in ("matern", "rbf")]
X = np.random.default_rng(0).random((420, 2))
HILL = np.sin(6 * X[:, 0]) + (X[:, 1] - 0.5) ** 2
NOISE = 0.1 * np.random.default_rng(1).standard_normal(420)


def fitted(y, count=420, sign=1.0):
    return fit_output(KERNELS, X[:count], y[:count], np.zeros(count), sign)


def test_more_results_tell_the_same_noise_and_predict_better():
    """Beyond 300 results the fit takes 200, and the process knows all of them."""
    some, all_of_them = fitted(HILL + NOISE, 200), fitted(HILL + NOISE)
    assert len(all_of_them.gp.alpha) == 420
    assert all_of_them.sd * np.sqrt(all_of_them.gp.hyper.noise) == pytest.approx(0.1, rel=0.25)

    def error(made):
        left_out = made.mean + made.sd * made.gp.loo_mean
        return np.sqrt(np.mean((left_out - HILL[: len(left_out)]) ** 2))

    assert error(all_of_them) < error(some)
    assert np.isfinite(all_of_them.log_density)


def test_spoilt_results_among_many_are_named_and_tell_nothing():
    """Whether or not the hyper-parameters were learned from them."""
    y = HILL + NOISE
    clean = fitted(y)
    y = np.where(np.isin(np.arange(420), [5, 150, 419]), -30.0, y)
    found = fitted(y)
    assert found.doubted == (-30.0, -30.0, -30.0)
    assert np.allclose(found.gp.alpha[[5, 150, 419]], 0.0, atol=1e-2)
    assert found.sd == pytest.approx(clean.sd, rel=0.2)


def test_results_that_are_missing_tell_nothing():
    """An output that only some of many experiments have."""
    y = np.where(np.arange(420) % 2 == 0, HILL + NOISE, np.nan)
    found = fitted(y)
    assert found.doubted == ()
    assert np.allclose(found.gp.alpha[1::2], 0.0, atol=1e-2)
    assert np.isfinite(found.gp.loo_mean).all()


@pytest.mark.parametrize("sign", [1.0, -1.0, 0.0])
def test_the_best_and_the_latest_choose_the_hyper_parameters(sign):
    y = np.where(np.arange(420) % 10 == 3, np.nan, HILL)
    rows = telling_rows(y, sign)
    assert len(rows) == 200 == len(set(rows.tolist()))
    assert not np.isnan(y[rows]).any()
    assert set(range(380, 420)) - set(range(383, 420, 10)) <= set(rows.tolist())
    if sign:
        assert int(np.nanargmax(sign * y)) in rows
