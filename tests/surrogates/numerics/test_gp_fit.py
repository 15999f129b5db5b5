"""Exact Gaussian processes: gradients, likelihood and leave-one-out are exact."""

import numpy as np
import pytest
from process_samples import KERNELS, training
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal

from labloop.surrogates.numerics.gp_fit import LogPosterior, fit_gp
from labloop.surrogates.numerics.kernels import (
    build_kernel,
    squared_distances,
)


@pytest.mark.parametrize("name", KERNELS)
def test_gradient_of_the_posterior_is_that_of_finite_differences(name):
    data = training()
    x, y = data.encoded.numpy(), data.outputs[:, 0].numpy()
    kernel = build_kernel(name, data.features)
    problem = LogPosterior(
        kernel, squared_distances(kernel, x), (y - y.mean()) / y.std(), np.zeros(len(y))
    )
    theta = 0.3 * np.random.default_rng(1).normal(size=len(kernel.groups) + len(kernel.parts) + 1)
    wanted = approx_fprime(theta, lambda t: problem.objective(t)[0], 1e-6)
    assert np.allclose(problem.objective(theta)[1], wanted, rtol=1e-4, atol=1e-4)


def test_leave_one_out_is_that_of_refitting_without_the_point():
    data = training(8, noise=0.1)
    x, y = data.encoded.numpy(), data.outputs[:, 0].numpy()
    y = (y - y.mean()) / y.std()
    made = fit_gp(build_kernel("matern", data.features), x, y, np.zeros(8))
    root = np.linalg.inv(made.inverse_root)
    covariance = root @ root.T
    for i in range(8):
        rest = [j for j in range(8) if j != i]
        gain = np.linalg.solve(covariance[np.ix_(rest, rest)], covariance[rest, i])
        assert made.loo_mean[i] == pytest.approx(gain @ y[rest], abs=1e-6)
        left = covariance[i, i] - gain @ covariance[rest, i]
        assert made.loo_sd[i] == pytest.approx(np.sqrt(left), abs=1e-6)


def test_log_posterior_contains_the_likelihood_of_the_data():
    data = training(9, noise=0.1)
    x, y = data.encoded.numpy(), data.outputs[:, 0].numpy()
    kernel = build_kernel("rbf", data.features)
    problem = LogPosterior(kernel, squared_distances(kernel, x), y, np.zeros(9))
    theta = np.zeros(len(kernel.groups) + 2)
    prior, _ = problem._prior(theta)
    likelihood = multivariate_normal(np.zeros(9), problem.covariance(theta)[0]).logpdf(y)
    found = -problem.objective(theta)[0] - prior - 4.5 * np.log(2 * np.pi)
    assert found == pytest.approx(likelihood)
