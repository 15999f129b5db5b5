"""Delta-GPs learn the physics' parameters and what the physics misses, and know how well."""

import numpy as np
import pytest
import torch
from decay_samples import PHYSICS, SPACE, TRUE, data

from labloop.errors import PhysicsError
from labloop.objectives import Maximize, Objectives
from labloop.physics import FunctionPhysics, Prior, bind
from labloop.surrogates import DeltaFactory
from labloop.surrogates.members.discrepancy.fit import fit_discrepancy_models
from labloop.surrogates.members.discrepancy.posterior import DiscrepancyPosterior
from labloop.surrogates.solving.channels import Channels


def marginal_moments(model, x):
    """Return mean and variance of the outputs at ``x``, noise left out."""
    parts = model.variance_parts(x)
    return parts.mean, parts.parameters + parts.discrepancy


def solved(training, group=None):
    """Return channels and the fitted block of the channels together."""
    channels = Channels(bind(PHYSICS, SPACE), training)
    known = torch.zeros_like(channels.values)
    group = tuple(range(len(channels.names))) if group is None else group
    block = fit_discrepancy_models(channels, [group], training.features, known, training.seed)[0]
    return channels, DiscrepancyPosterior(channels, block, known)


class Rough(Channels):
    """Physics that has values everywhere, and slopes only in a ring around the best constants."""

    def at_parameter_sets(self, z):
        value, jacobian = super().at_parameter_sets(z)
        away = (z - TRUE).abs().amax(-1)
        ring = (away > 0.5) & (away < 0.8)
        return value, torch.where(ring[:, None, None, None], jacobian, torch.nan)


def test_the_best_starts_without_a_slope_do_not_end_the_fit():
    """The fit goes on from the others, and arrives as near as there are slopes."""
    training = data(n=12)
    channels = Rough(bind(PHYSICS, SPACE), training)
    known = torch.zeros_like(channels.values)
    block = fit_discrepancy_models(channels, [(0, 1)], training.features, known, 0)[0]
    assert 0.5 < float(np.abs(block.z - TRUE.numpy()).max()) < 0.8


def test_parameters_are_learned_with_honest_uncertainty():
    """The truth lies within three standard deviations, which are far below the prior's."""
    _, block = solved(data(n=20))
    sd = block.covariance.diagonal().sqrt()
    assert bool((sd < 0.5).all())
    assert bool(((block.z - TRUE).abs() < 3 * sd + 0.02).all())


def test_leave_one_out_equals_doing_it():
    """The closed form is the refit without one experiment: parameters of the others, solved there.

    Hyperparameters-parameters and the tangent that the parameters are learned in are held.
    """
    channels, block = solved(data(n=9, miss=0.3))
    mean, variance = block.leave_one_out()
    told = block._linearised()
    count, n, p = told.jacobian.shape
    joint = told.covariance().reshape(count * n, count * n)
    start, flat = told.target.reshape(-1), told.jacobian.reshape(count * n, p)
    for i in range(n):
        rest = torch.tensor([r for r in range(count * n) if r % n != i])
        process = torch.zeros(count, count * n, dtype=torch.float64)
        for c in range(count):
            process[c, c * n : (c + 1) * n] = told.gp_covariance[c, i]
        cross_moments = torch.cat([flat.T, process])[:, rest]
        gain = torch.linalg.solve(joint[rest][:, rest], cross_moments.T).T
        found = gain @ start[rest]
        prior = torch.cat([torch.ones(p, dtype=torch.float64), told.gp_covariance[:, i, i]])
        spread = torch.diag(prior) - gain @ cross_moments.T
        at = channels.encoded[i : i + 1]
        value, jacobian = channels.value_and_jacobian(at, found[None, :p].clamp(-4, 4))
        along = torch.cat([jacobian[0, 0], torch.eye(count, dtype=torch.float64)[0]])
        expected = float(value[0, 0] + found[p])
        assert float(mean[i, 0]) == pytest.approx(expected, rel=1e-6)
        wide = float(along @ spread @ along + told.noise[0, i])
        assert float(variance[i, 0]) == pytest.approx(wide, rel=1e-5)


def test_the_posterior_of_many_points_is_of_one_piece():
    """Marginals, joint posterior, and the covariance towards a base agree."""
    model = DeltaFactory(PHYSICS).fit(data(miss=0.3)).model
    x = torch.rand(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    joint = model.posterior(x)
    mean, variance = marginal_moments(model, x)
    assert torch.allclose(joint.mean, mean)
    assert torch.allclose(joint.variance, variance, rtol=1e-4, atol=1e-9)
    one, spread, shared = model.cross_moments(x[:2], x[2:])
    assert torch.allclose(one, mean[:2, 0])
    assert torch.allclose(spread, variance[:2, 0], rtol=1e-4, atol=1e-9)
    assert torch.allclose(shared, joint.distribution.covariance_matrix[:2, 2:], atol=1e-9)


def test_two_outputs_are_correlated_through_their_parameters():
    """The joint posterior is interleaved as BoTorch expects, and a subset keeps its numbers."""
    objective = Objectives.of([Maximize("y"), Maximize("square")])
    training = data(objective=objective)
    for together in (True, False):
        model = DeltaFactory(PHYSICS, together=together).fit(training).model
        x = torch.rand(3, 4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        posterior = model.posterior(x)
        assert posterior.mean.shape == (3, 4, 2)
        flat_mean, flat_variance = marginal_moments(model, x)
        assert torch.allclose(posterior.mean, flat_mean)
        assert torch.allclose(posterior.variance, flat_variance, rtol=1e-3, atol=1e-8)
        only = model.posterior(x, output_indices=[1])
        assert torch.allclose(only.mean[..., 0], posterior.mean[..., 1])
        assert posterior.rsample(torch.Size([5])).shape == (5, 3, 4, 2)
        covariance = posterior.distribution.covariance_matrix[0, 0, 1]
        assert (abs(float(covariance)) > 1e-12) is together


def test_gradients_flow_through_the_physics():
    """The gradient of mean and variance is their slope."""
    model = DeltaFactory(PHYSICS).fit(data(miss=0.2)).model
    x = torch.tensor([[[0.4, 0.6]]], dtype=torch.float64, requires_grad=True)

    def total(at):
        posterior = model.posterior(at)
        return (posterior.mean + posterior.variance).sum()

    gradient = torch.autograd.grad(total(x), x)[0].reshape(-1)
    for i in range(2):
        step = torch.zeros(1, 1, 2, dtype=torch.float64)
        step[..., i] = 1e-4
        jacobian = (total(x.detach() + step) - total(x.detach() - step)) / 2e-4
        assert float(gradient[i]) == pytest.approx(float(jacobian), rel=1e-3, abs=1e-5)


def test_intervals_cover_unseen_points():
    """Of 90 % intervals at 400 unseen points under a small misfit at least 70 % cover."""
    covered = []
    for seed in range(5):
        model = DeltaFactory(PHYSICS).fit(data(n=12, seed=seed, miss=0.2)).model
        unseen = torch.rand(
            80, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
        )
        truth = PHYSICS.bind(SPACE).predict(unseen, TRUE)[:, 0] + 0.2 * torch.sin(6 * unseen[:, 0])
        mean, variance = marginal_moments(model, unseen)
        covered.append(((truth - mean[:, 0]).abs() < 1.645 * variance[:, 0].sqrt()).double())
    assert float(torch.cat(covered).mean()) > 0.7


def test_other_measured_outputs_sharpen_the_parameters():
    """With the second output measured the parameters are known better."""
    _, alone = solved(data(n=6, noise=0.1), group=(0,))
    _, both = solved(data(n=6, noise=0.1))
    assert float(both.covariance.diagonal().sum()) < float(alone.covariance.diagonal().sum())


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_fit_works_from_one_experiment_on(n):
    """Few, repeated and equal measurements give a finite posterior."""
    training = data(n=n)
    fitted = DeltaFactory(PHYSICS).fit(training)
    mean, variance = marginal_moments(fitted.model, training.encoded)
    assert bool(torch.isfinite(mean).all())
    assert bool((variance > 0).all())
    assert bool(torch.isfinite(fitted.loo_log_density).all())


def test_physics_of_other_outputs_is_refused():
    """It must speak of something that the objective reads."""
    physics = FunctionPhysics(
        lambda x, t: {"z": x["time"] * t["k"]}, {"k": Prior(1, fold=2)}, {"time": "s"}, ("z",)
    )
    with pytest.raises(PhysicsError, match="none of which the objective reads"):
        DeltaFactory(physics).fit(data())
