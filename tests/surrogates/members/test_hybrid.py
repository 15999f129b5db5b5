"""Networks that move the constants of a physics: accurate means, honest intervals, opt-in."""

import numpy as np
import pytest
import torch

from labloop.objectives import Maximize, Objectives
from labloop.physics import FunctionPhysics, Prior, Rate, bind, kinetics
from labloop.space import Continuous, SearchSpace
from labloop.surrogates import DeltaFactory, MeasuredData, MixtureFactory, TrainingData
from labloop.surrogates.members.hybrid import training
from labloop.surrogates.members.hybrid.network import Network
from labloop.surrogates.members.hybrid.posterior import HybridPosterior, fit_hybrid
from labloop.surrogates.members.hybrid.training import bootstrap_weights, train_ensemble
from labloop.surrogates.mixture.hybrid_member import fit_hybrid_member
from labloop.surrogates.solving import channels as _channels_module
from labloop.surrogates.solving.channels import Channels

SPACE = SearchSpace(
    Continuous("minutes", 1, 60, unit="min", log=True),
    Continuous("amount", 0.1, 1, unit="mol/L"),
    Continuous("additive", 0, 1),
)
NOISE = 0.01
BEND = 1.5
HYBRID = "Chain, hybrid"


@kinetics(
    feed={"A": "amount"},
    time="minutes",
    outputs={"y": "B / A0", "left": "A / A0", "waste": "C / A0"},
)
class Chain:
    """A -> B -> C; that an additive acts on the first step is not in it."""

    k1 = Rate("A -> B", k=Prior(0.1, "1/min", fold=3))
    k2 = Rate("B -> C", k=Prior(0.02, "1/min", fold=3))


def truth(encoded):
    """Return y, left, waste: the additive slows the first step and then speeds it up."""
    bend = BEND * torch.sin(4.5 * encoded[:, 2] - 2.0)
    z = torch.stack([0.3 + bend, torch.full_like(bend, 0.5)], -1)
    return bind(Chain, SPACE).predict(encoded, z)


def measured(encoded, values):
    """Return training data of outputs y, left and waste."""
    return MeasuredData(
        encoded=encoded,
        outputs=values[:, :1],
        names=("y",),
        objective=Objectives.of(Maximize("y")),
        features=tuple(SPACE.features),
        space=SPACE,
        extra_names=("left", "waste"),
        extra_outputs=values[:, 1:],
    )


def results(n, seed=0, noise=NOISE):
    """Return noisy results of points that fill the space."""
    encoded = torch.as_tensor(SPACE.encode(SPACE.sample(n, seed)))
    values = truth(encoded)
    draws = np.random.default_rng(seed).standard_normal(values.shape)
    return measured(encoded, values + noise * torch.tensor(draws))


def channels_of(data):
    """Return the physics over the measured channels."""
    return Channels(bind(Chain, SPACE), data)


def solved(data):
    """Return the fitted hybrid."""
    channels = channels_of(data)
    known = torch.zeros_like(channels.values)
    with torch.no_grad():
        return HybridPosterior(
            channels, fit_hybrid(channels, data.features, known, data.seed), known
        )


@pytest.fixture(scope="module")
def hybrids():
    """Return the hybrid after 12 results, for three designs."""
    return {seed: (results(12, seed), solved(results(12, seed))) for seed in (0, 1, 2)}


FRESH = torch.as_tensor(SPACE.encode(SPACE.sample(200, 99)))


def test_slopes_of_a_network_are_exact():
    """As automatic differentiation says, and zero weights are the medians of the priors."""
    net = Network(inputs=3, parameters=2, hidden=4)
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(2, net.size, generator=generator, dtype=torch.float64)
    z, jacobian = net.z_and_jacobian(weights, FRESH[:5])
    exact = torch.autograd.functional.jacobian(lambda w: net.z(w, FRESH[:5]), weights)
    assert torch.allclose(z, net.z(weights, FRESH[:5]))
    for b in range(2):
        assert torch.allclose(jacobian[b], exact[b, :, :, b])
    assert float(net.z(torch.zeros(1, net.size, dtype=torch.float64), FRESH).abs().max()) == 0.0


def test_bootstrap_weights_are_positive_and_leave_out_what_is_not_seen():
    """Mean 1 over what a member sees, nothing else, and no two members alike."""
    seen = torch.tensor([[1.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 1.0]], dtype=torch.float64)
    weights = bootstrap_weights(seen, torch.Generator().manual_seed(0))
    assert bool((weights[seen > 0] > 0).all())
    assert float(weights[1, 1]) == 0.0
    assert torch.allclose(weights.sum(-1), torch.tensor([4.0, 3.0], dtype=torch.float64))
    assert not torch.allclose(weights[0], weights[1])


def test_an_experiment_that_counts_more_is_fitted_better():
    """Of two repeats that contradict each other, the heavier one is believed (no sign error)."""
    encoded = FRESH[:6].clone()
    other = encoded[:1].clone()
    other[0, 2] = 1.0 - other[0, 2]
    encoded[1] = encoded[0]
    values = truth(encoded)
    values[1] = truth(other)[0]
    assert float((values[0] - values[1]).abs().max()) > 0.1
    channels = channels_of(measured(encoded, values))
    net = Network(3, 2)
    counted = torch.ones(2, 6, dtype=torch.float64)
    counted[0, 0], counted[0, 1] = 5.0, 0.05
    counted[1, 0], counted[1, 1] = 0.05, 5.0
    starts = 0.1 * torch.ones(2, net.size, dtype=torch.float64)
    found = training._Training(channels, torch.zeros_like(values), net).networks(counted, starts)
    guess = channels.predict(encoded, net.z(found, encoded))[:, :2, 0]
    missed = (guess - values[:2, 0]).abs()
    assert float(missed[0, 0]) < float(missed[0, 1])
    assert float(missed[1, 1]) < float(missed[1, 0])


def test_the_mean_is_more_accurate_where_a_constant_varies(hybrids):
    """With 12 results of a rate that bends with the additive, against constants with a process."""
    exact = truth(FRESH)[:, 0]
    ours, theirs = [], []
    for data, hybrid in hybrids.values():
        with torch.no_grad():
            mean = hybrid.marginal_moments(FRESH)[0][:, 0]
            delta = DeltaFactory(Chain).fit(data).model.posterior(FRESH.unsqueeze(-2)).mean
        for found, missed in ((mean, ours), (delta[:, 0, 0], theirs)):
            missed.append(float((found - exact).square().mean().sqrt() / exact.std()))
        assert ours[-1] < theirs[-1]
    assert np.mean(ours) < 0.65 * np.mean(theirs)


def test_networks_keep_the_mass_balance(hybrids):
    """Every network moves constants, never amounts: A, B and C add up to what was fed."""
    _, hybrid = hybrids[0]
    ensemble = hybrid.fit.ensemble
    z = ensemble.net.z(ensemble.members, FRESH)
    shares = channels_of(results(5)).predict(FRESH, z)
    assert float(z.std(1).max()) > 0.3
    assert float((shares.sum(-1) - 1.0).abs().max()) < 1e-9
    assert float(shares.min()) >= 0.0


def test_intervals_hold_what_they_promise(hybrids):
    """Of 90 % intervals about as many cover, not the third that an ensemble alone covers."""
    covered = []
    for _, hybrid in hybrids.values():
        with torch.no_grad():
            mean, variance, _ = hybrid.marginal_moments(FRESH)
        covered.append((truth(FRESH)[:, :1] - mean).abs() < 1.645 * variance.sqrt())
    assert 0.7 < float(torch.cat(covered).double().mean()) <= 1.0


def test_a_network_is_judged_only_where_it_never_saw_the_result():
    """Another result of an experiment leaves the networks of its fold as they were, bit by bit."""
    data = results(10)
    changed = data.outputs.clone()
    changed[3] += 0.3
    first = channels_of(data)
    second = channels_of(measured(data.encoded, torch.cat([changed, data.extra_outputs], -1)))
    second.scale = first.scale
    known = torch.zeros_like(first.values)
    before, after = (train_ensemble(channels, known, 0) for channels in (first, second))
    own = int(before.fold[3])
    assert torch.equal(before.folded[own], after.folded[own])
    assert not torch.equal(before.members, after.members)


@pytest.fixture(scope="module")
def noises():
    """Return results that are nothing but noise, three designs of them."""
    made = []
    for seed in range(3):
        encoded = torch.as_tensor(SPACE.encode(SPACE.sample(12, seed)))
        draws = torch.tensor(np.random.default_rng(seed).standard_normal((12, 3)))
        made.append(measured(encoded, 0.4 + 0.2 * draws))
    return made


def test_leave_one_out_is_not_flattered(noises):
    """Where results are noise, left-out ones are missed by no less than the noise."""
    for data in noises[:2]:
        hybrid = solved(data)
        ensemble = hybrid.fit.ensemble
        channels = channels_of(data)
        with torch.no_grad():
            fitted = channels.predict(data.encoded, ensemble.net.z(ensemble.members, data.encoded))
            mean, variance = hybrid.leave_one_out()
        inside = (fitted[..., 0].mean(0) - data.outputs[:, 0]).square().mean().sqrt()
        outside = (mean - data.outputs).square().mean().sqrt()
        sd = data.outputs.std()
        assert float(inside) < float(outside)
        assert float(outside) > 0.95 * float(sd)
        assert float(variance.mean().sqrt()) > 0.6 * float(outside)


def test_an_overfitted_network_does_not_win_the_mixture(noises):
    """Where results are noise other members lead, not the one that can fit anything."""
    for data in noises[:2]:
        weights = MixtureFactory(Chain, hybrid=True).fit(data).report["weights"]
        assert weights[HYBRID] < 0.35
        assert weights[HYBRID] < max(weights.values())


def test_joint_marginal_and_towards_agree(hybrids):
    """Three ways to ask for the same normal distribution."""
    data, hybrid = hybrids[0]
    x = FRESH[:4]
    with torch.no_grad():
        mean, variance, by_networks = hybrid.marginal_moments(x)
        joint_mean, covariance = hybrid.joint_moments(x)
        near_mean, near_variance, shared = hybrid.cross_moments(x[:2], x[2:], 0)
        batched, _ = hybrid.joint_moments(x.view(2, 2, 3))
    diagonal = torch.stack([covariance[i, 0, i, 0] for i in range(4)])
    assert torch.allclose(mean, joint_mean)
    assert torch.allclose(variance[:, 0], diagonal, rtol=1e-5, atol=1e-9)
    assert torch.allclose(near_mean, mean[:2, 0])
    assert torch.allclose(near_variance, diagonal[:2], rtol=1e-5, atol=1e-9)
    assert torch.allclose(shared, covariance[:2, 0, 2:, 0])
    assert torch.allclose(batched.reshape(4, 1), joint_mean)
    assert bool((by_networks <= variance).all())
    with torch.no_grad():
        left = data.outputs - hybrid.marginal_moments(data.encoded)[0]
    assert torch.allclose(hybrid.residuals(), left, atol=1e-6)


@pytest.fixture(scope="module")
def mixtures():
    """Return the mixtures without and with the hybrid, of the same data."""
    data = results(12)
    return data, MixtureFactory(Chain).fit(data), MixtureFactory(Chain, hybrid=True).fit(data)


def test_it_is_a_member_only_where_asked_for(mixtures):
    """Without it nothing changes; with it the others are learned bit for bit as before."""
    _, without, beside = mixtures
    assert HYBRID not in without.report["members"]
    assert [n for n in beside.report["members"] if n != HYBRID] == list(without.report["members"])
    for key, array in without.state.arrays.items():
        if key != "weights":
            assert np.array_equal(array, beside.state.arrays[key])
    assert beside.report["parameters"][0].keys() == without.report["parameters"][0].keys()


def test_its_seconds_and_errors_are_reported(mixtures):
    """What it took is told, and it is weighed as every other member."""
    _, _, fitted = mixtures
    told = fitted.report["members"][HYBRID]
    assert told["seconds"] > 0
    assert told["train"]["y"] < told["leave_one_out"]["y"]
    assert (told["networks"], told["folds"]) == (6, 10)
    assert 0 <= fitted.report["weights"][HYBRID] <= 1
    assert sum(fitted.report["weights"].values()) == pytest.approx(1)
    assert fitted.report["physics"]["Chain"] > fitted.report["weights"][HYBRID]


def test_a_stored_hybrid_comes_back_bit_equal(mixtures):
    """From its state alone, without learning: same weights, same predictions."""
    data, _, fitted = mixtures
    again = MixtureFactory(Chain, hybrid=True).restore(fitted.state, data)
    assert again.report["weights"] == fitted.report["weights"]
    assert torch.equal(again.loo_log_density, fitted.loo_log_density)
    with torch.no_grad():
        for one, other in zip(fitted.model.members, again.model.members, strict=True):
            before, after = (m.posterior(FRESH[:20].unsqueeze(-2)) for m in (one, other))
            assert torch.equal(before.mean, after.mean)
            assert torch.equal(before.variance, after.variance)
    for key, array in fitted.state.arrays.items():
        assert np.array_equal(array, again.state.arrays[key])


def test_its_posterior_serves_acquisitions(mixtures):
    """Joint over q points, with gradients to the inputs through networks and physics."""
    data, _, _ = mixtures
    (member,), alarms = fit_hybrid_member(bind(Chain, SPACE), data)
    x = FRESH[:6].view(3, 2, 3).clone().requires_grad_(True)
    value = member.model.posterior(x).rsample(torch.Size([4])).sum()
    (gradient,) = torch.autograd.grad(value, x)
    assert not alarms
    assert bool(torch.isfinite(gradient).all())
    parts = member.model.variance_parts(FRESH[:3])
    assert float(parts.parameters.min()) > 0
    assert float(parts.discrepancy.min()) >= 0


def test_physics_too_slow_for_networks_leaves_them_out_of_the_round(monkeypatch):
    """They ask for many more solves than the other members, and have a patience of their own."""
    monkeypatch.setattr(_channels_module, "MOST_CPU_SECONDS", 0.0)
    members, (told,) = fit_hybrid_member(bind(Chain, SPACE), results(8))
    assert members == ()
    assert told.kind == "hybrid-left-out"
    assert "left out of this round: physics 'Chain' took" in told.message


def test_many_results_leave_it_out_at_once():
    """Training on them would take longer than it is worth, and is not begun."""
    members, (told,) = fit_hybrid_member(bind(Chain, SPACE), results(101))
    assert members == ()
    assert "it learns from up to 100 results" in told.message


def function(predict):
    """Return a model of one output and one constant."""
    return FunctionPhysics(
        predict, {"k": Prior(0.1, "1/min", fold=3)}, {"minutes": "min"}, ("y",), name="function"
    )


def test_physics_that_fails_is_left_out_as_without_a_hybrid():
    """The plain process goes on alone with one alarm, not two."""

    def broken(x, theta):
        raise ValueError("no table for this")

    fitted = MixtureFactory(function(broken), hybrid=True).fit(results(8))
    assert list(fitted.report["weights"]) == ["gp"]
    assert [a.kind for a in fitted.alarms] == ["physics-failed"]


def test_physics_that_fails_for_networks_only_keeps_the_others():
    """A function that takes no set of parameters for each experiment."""

    def picky(x, theta):
        found = torch.exp(-theta["k"] * x["minutes"])
        if found.dim() > 2 and found.shape[0] > 20:
            raise ValueError("too many at once")
        return {"y": found}

    fitted = MixtureFactory(function(picky), hybrid=True).fit(results(8))
    assert "function, hybrid" not in fitted.report["weights"]
    assert "function, each output by itself" in fitted.report["weights"]
    (told,) = [a.message for a in fitted.alarms if a.kind == "hybrid-left-out"]
    assert "too many at once" in told


def test_physics_without_gradients_is_trained_all_the_same():
    """A table or a foreign program has none, and none is needed."""

    def foreign(x, theta):
        rate = (theta["k"] * x["minutes"]).detach().numpy()
        return {"y": torch.as_tensor(np.exp(-rate))}

    fitted = MixtureFactory(function(foreign), hybrid=True).fit(results(8))
    assert "function, hybrid" in fitted.report["weights"]


@pytest.mark.parametrize("n", [1, 4])
def test_few_results_teach_no_network(n):
    """Before five there is no hybrid, and no alarm about it either."""
    fitted = MixtureFactory(Chain, hybrid=True).fit(results(n))
    assert HYBRID not in fitted.report["weights"]
    assert [a for a in fitted.alarms if a.kind == "hybrid-left-out"] == []


def test_repeated_points_and_constant_outputs_are_no_special_case():
    """Every surrogate works with both."""
    encoded = FRESH[:1].expand(6, -1).clone()
    data = TrainingData(
        encoded=encoded,
        outputs=torch.full((6, 1), 0.3, dtype=torch.float64),
        names=("y",),
        objective=Objectives.of(Maximize("y")),
        features=tuple(SPACE.features),
        space=SPACE,
    )
    fitted = MixtureFactory(Chain, hybrid=True).fit(data)
    assert all(np.isfinite(w) for w in fitted.report["weights"].values())
    assert HYBRID in fitted.report["weights"]
