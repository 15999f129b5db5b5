"""The plain surrogate: correct algebra, sensible kernels, any data."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from process_samples import SPACE, training

from labloop.objectives import Maximize, Objectives
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import GPFactory, TrainingData


@pytest.mark.parametrize("kernels", [("matern",), ("matern", "rbf", "additive")])
def test_the_model_interpolates_and_is_unsure_far_away(kernels):
    space = SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 1))
    data = training(20, space=space)
    model = GPFactory(kernels=kernels).fit(data).model
    posterior = model.posterior(data.encoded.unsqueeze(-2))
    assert torch.allclose(posterior.mean.squeeze(), data.outputs.squeeze(), atol=0.05)
    assert float(posterior.variance.sqrt().max()) < 0.1
    corner = model.posterior(torch.ones(1, 1, 2, dtype=torch.float64))
    assert float(corner.variance) > float(posterior.variance.mean())


def test_rows_towards_a_base_are_those_of_the_joint_posterior():
    data = training(10)
    model = GPFactory(kernels=("matern", "hamming")).fit(data).model
    base = data.encoded[:4]
    x = torch.tensor(SPACE.encode(SPACE.sample(5, seed=8)))
    mean, variance, covariance = model.cross_moments(x, base)
    for i in range(5):
        joint_mean, joint = model.joint_moments(torch.cat([x[i : i + 1], base]), 0)
        assert float(mean[i]) == pytest.approx(float(joint_mean[0]), abs=1e-8)
        assert float(variance[i]) == pytest.approx(float(joint[0, 0]), abs=1e-6)
        assert torch.allclose(covariance[i], joint[0, 1:], atol=1e-6)


def test_gradients_reach_the_inputs():
    space = SearchSpace(Continuous("a", 0, 1), Continuous("b", 0, 1))
    model = GPFactory().fit(training(10, space=space)).model
    x = torch.tensor([[[0.3, 0.6]]], dtype=torch.float64, requires_grad=True)
    model.posterior(x).mean.sum().backward()
    assert torch.isfinite(x.grad).all()
    assert float(x.grad.abs().sum()) > 0


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(1, 9),
    scale=st.sampled_from([0.0, 1e-9, 1.0, 1e6]),
    shift=st.sampled_from([0.0, -1e6, 3.0]),
)
def test_any_finite_data_can_be_learned_from(count, scale, shift):
    data = training(count)
    outputs = shift + scale * data.outputs
    data = TrainingData(
        encoded=data.encoded[[0] * count] if scale == 1e-9 else data.encoded,
        outputs=outputs,
        names=("y",),
        objective=data.objective,
        features=data.features,
        space=data.space,
    )
    fitted = GPFactory().fit(data)
    mean, variance, _ = fitted.model.cross_moments(data.encoded, data.encoded)
    assert torch.isfinite(mean).all()
    assert (variance > 0).all()
    assert torch.isfinite(fitted.loo_log_density).all()
    assert fitted.loo_log_density.shape == (count,)


def test_leave_one_out_prefers_the_kernel_that_the_data_follow():
    space = SearchSpace(*[Continuous(f"x{i}", 0, 1) for i in range(6)])
    encoded = torch.tensor(space.encode(space.sample(40, seed=2)))
    y = torch.sin(6 * encoded).sum(-1, keepdim=True)
    data = TrainingData(
        encoded=encoded,
        outputs=y,
        names=("y",),
        objective=Objectives.of(Maximize("y")),
        features=space.features,
        space=space,
    )
    additive = GPFactory(kernels=("additive",)).fit(data).loo_log_density.sum()
    product = GPFactory(kernels=("matern",)).fit(data).loo_log_density.sum()
    assert float(additive) > float(product)
    told = GPFactory(kernels=("matern", "additive")).fit(data).report["outputs"]["y"]
    assert told["kernel"] == "additive"
    assert told["kernels"]["additive"] > told["kernels"]["matern"]


def test_a_fit_is_the_same_twice():
    first, second = (GPFactory().fit(training()) for _ in range(2))
    assert first.state.data == second.state.data
    assert all(
        np.array_equal(first.state.arrays[name], second.state.arrays[name])
        for name in first.state.arrays
    )


def test_a_new_measurement_has_the_noise_that_the_old_ones_had():
    """Where every measurement came with its sd, a prediction's interval has it, too."""
    space = SearchSpace(Continuous("x", 0, 1))
    encoded = torch.linspace(0.0, 1.0, 12, dtype=torch.float64)[:, None]
    data = TrainingData(
        encoded=encoded,
        outputs=torch.sin(3 * encoded),
        names=("y",),
        objective=Objectives.of(Maximize("y")),
        features=space.features,
        space=space,
        variance=torch.full((12, 1), 0.09, dtype=torch.float64),
    )
    model = GPFactory().fit(data).model
    assert model.noise_variance(0) >= 0.09
    told = model.posterior(encoded[3:4], observation_noise=True).variance
    assert float(told) >= 0.09
