"""A FieldGP lets constants vary over the space, and tells which one had to."""

import numpy as np
import pytest
import torch
from scipy.optimize import approx_fprime

from labloop.errors import PhysicsError
from labloop.objectives import Maximize, Objectives
from labloop.physics import FunctionPhysics, Prior, bind
from labloop.records import ModelState
from labloop.space import Categorical, Continuous, SearchSpace
from labloop.surrogates import MeasuredData, MixtureFactory, TrainingData
from labloop.surrogates.members.varying.fit import fit_varying
from labloop.surrogates.members.varying.hyperparameters import (
    fit_varying_hyperparameters,
    varying_log_posterior,
)
from labloop.surrogates.members.varying.posterior import VaryingPosterior
from labloop.surrogates.numerics.kernels import build_kernel
from labloop.surrogates.solving.channels import Channels

SPACE = SearchSpace(Continuous("time", 0.1, 10, unit="s"), Continuous("heat", 0, 1))
INPUTS = {"time": "s", "heat": "1"}


def rise(x, theta):
    """Return an intermediate that comes and goes; heat makes it come faster."""
    k = theta["k"] * (1 + 2 * x["heat"])
    return {"y": k / (k - 0.3) * (torch.exp(-0.3 * x["time"]) - torch.exp(-k * x["time"]))}


def straight(x, theta):
    """Return a straight line, of which a linearisation is exact."""
    return {"y": theta["a"] + theta["b"] * x["time"], "w": theta["b"] - x["heat"]}


def model(predict, priors, outputs=("y",), name="model"):
    """Return a physics model."""
    return FunctionPhysics(predict, priors, INPUTS, outputs, name=name)


def training(value, encoded, extra=None, seed=0):
    """Return training data of measured values."""
    common = {
        "encoded": encoded,
        "outputs": value,
        "names": ("y",),
        "objective": Objectives.of(Maximize("y")),
        "features": tuple(SPACE.features),
        "space": SPACE,
        "seed": seed,
    }
    if extra is None:
        return TrainingData(**common)
    return MeasuredData(**common, extra_names=("w",), extra_outputs=extra)


def lines(n=9, seed=0):
    """Return straight lines with noise, two outputs, and the channels of them."""
    encoded = torch.rand(n, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    noise = 0.05 * torch.randn(
        n, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(9)
    )
    time = 0.1 + 9.9 * encoded[:, :1]
    y = 1.0 + 0.4 * time + torch.sin(6 * encoded[:, 1:]) + noise[:, :1]
    w = 0.4 - encoded[:, 1:] + noise[:, 1:]
    physics = model(straight, {"a": Prior(1, sd=1), "b": Prior(0.3, sd=0.2)}, ("y", "w"))
    data = training(y, encoded, w)
    return Channels(bind(physics, SPACE), data), data


def solved(channels, data, known=None):
    """Return the fitted field of channels."""
    known = torch.zeros_like(channels.values) if known is None else known
    start = torch.zeros(channels.bound.dimension, dtype=torch.float64)
    return VaryingPosterior(channels, fit_varying(channels, data.features, known, start), known)


def test_the_gradient_of_the_evidence_is_exact():
    """As finite differences say, for lengthscales, variations, noises and small processes."""
    rng = np.random.default_rng(0)
    x = rng.random((7, 2))
    kernel = build_kernel("rbf", SPACE.features)
    jacobian, start = rng.standard_normal((2, 7, 3)), rng.standard_normal((2, 7))
    problem = varying_log_posterior(kernel, x, jacobian, start, np.full((2, 7), 0.01))
    at = problem.centre_and_spread[0] + 0.3 * rng.standard_normal(9)
    numeric = approx_fprime(at, lambda theta: problem.loss(theta)[0], 1e-7)
    assert problem.loss(at)[1] == pytest.approx(numeric, rel=1e-4, abs=1e-4)
    best = fit_varying_hyperparameters(problem, None, 50)
    assert problem.loss(problem.join(best))[0] < problem.loss(problem.centre_and_spread[0])[0]


def test_left_out_experiments_are_predicted_as_by_a_field_that_never_saw_them():
    """The closed form equals fitting without the experiment, where the physics is linear."""
    channels, data = lines()
    whole = solved(channels, data)
    mean, variance = whole.leave_one_out()
    keep = [i for i in range(len(data.outputs)) if i != 4]
    fewer = training(data.outputs[keep], data.encoded[keep], data.extra_outputs[keep])
    rest = Channels(channels.bound, fewer)
    field = whole.fit
    without = VaryingPosterior(
        rest,
        type(field)(field.kernel, field.hyper, field.at[keep], field.scale),
        torch.zeros_like(rest.values),
    )
    found, spread, _ = without.marginal_moments(data.encoded[4:5])
    noise = without.noise_variance()
    assert float(mean[4, 0]) == pytest.approx(float(found[0, 0]), rel=1e-6)
    assert float(variance[4, 0]) == pytest.approx(float(spread[0, 0]) + noise[0], rel=1e-4)


def test_what_is_left_over_is_measured_less_fitted():
    """Without a solve of the physics, and exactly so where the physics is linear."""
    channels, data = lines()
    field = solved(channels, data)
    mean, _, _ = field.marginal_moments(data.encoded)
    assert torch.allclose(field.residuals(), data.outputs - mean, atol=1e-6)


def test_joint_marginal_and_towards_agree():
    """Three ways to ask for the same normal distribution."""
    channels, data = lines()
    field = solved(channels, data)
    x = torch.rand(4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    mean, variance, by_parameters = field.marginal_moments(x)
    joint_mean, covariance = field.joint_moments(x)
    assert torch.allclose(mean, joint_mean)
    diagonal = torch.stack([covariance[i, 0, i, 0] for i in range(4)])
    assert torch.allclose(variance[:, 0], diagonal, rtol=1e-5, atol=1e-9)
    near_mean, near_variance, shared = field.cross_moments(x[:2], x[2:], 0)
    assert torch.allclose(near_mean, mean[:2, 0])
    assert torch.allclose(near_variance, diagonal[:2], rtol=1e-5, atol=1e-9)
    assert torch.allclose(shared, covariance[:2, 0, 2:, 0])
    batched, _ = field.joint_moments(x.view(2, 2, 2))
    assert torch.allclose(batched.reshape(4, 1), joint_mean)
    assert bool((by_parameters <= variance + 1e-9).all())


def rising(n, *, missing, seed=0):
    """Return measurements in which heat does more (or no more) than the model says."""
    encoded = torch.as_tensor(SPACE.encode(SPACE.sample(n, seed)))
    physics = model(rise, {"k": Prior(1.0, "1", fold=1.5)}, name="rise")
    z = torch.zeros(n, 1, dtype=torch.float64) + 0.3
    if missing:
        z = z + 4.0 * (encoded[:, 1:] - 0.5)
    value = bind(physics, SPACE).predict(encoded, z)
    rng = np.random.default_rng(seed)
    return physics, training(value + 0.01 * torch.tensor(rng.standard_normal((n, 1))), encoded)


def test_what_is_missing_is_named_by_constant_and_input():
    """A rate that depends on heat in another way than modelled: told so, and only then."""
    physics, data = rising(16, missing=True)
    fitted = MixtureFactory(physics).fit(data)
    told = [a for a in fitted.alarms if a.kind == "physics-missing"]
    assert len(told) == 1
    assert "missing something that acts through k, mostly along heat" in told[0].message
    assert "% of the variance of the outputs unexplained" in told[0].message
    assert 0.005 < told[0].data["unexplained"] < 0.05
    assert told[0].data["changes"] >= 0.0
    (term,) = fitted.report["missing"]
    assert (term["parameter"], term["along"]) == ("k", "heat")
    assert term["value"][-1] > 2 * term["value"][0]
    assert fitted.report["weights"]["rise, constants that vary"] > 0.9
    physics, data = rising(16, missing=False)
    fine = MixtureFactory(physics).fit(data)
    assert fine.alarms == ()


def test_a_field_keeps_within_what_physics_allows():
    """However the constant varies, the intermediate stays between none and all."""
    physics, data = rising(12, missing=True)
    channels = Channels(bind(physics, SPACE), data)
    field = solved(channels, data)
    x = torch.as_tensor(SPACE.encode(SPACE.sample(200, 5)))
    z = field.z + field.varied(x)
    value = channels.predict(x, z.clamp(-4, 4))
    assert float(value.min()) >= 0.0
    assert float(value.max()) <= 1.0


def test_competing_physics_is_decided_by_the_data():
    """Two mechanisms: the one that explains the experiments has the weight; both are told."""

    def fall(x, theta):
        return {"y": torch.exp(-theta["k"] * x["time"] * (1.1 - x["heat"]))}

    physics, data = rising(14, missing=False)
    rival = model(fall, {"k": Prior(1.0, "1", fold=1.5)}, name="fall")
    fitted = MixtureFactory([rival, physics]).fit(data)
    assert set(fitted.report["physics"]) == {"rise", "fall"}
    assert fitted.report["physics"]["rise"] > 0.9
    assert fitted.report["parameters"][0]["prior_high"] == pytest.approx(1.5**1.645, rel=1e-3)
    with pytest.raises(PhysicsError, match="two of the competing physics models are called 'rise'"):
        MixtureFactory([physics, physics])


def test_a_state_of_another_version_is_refused():
    """In one sentence that says what to do."""
    physics, data = rising(8, missing=False)
    with pytest.raises(PhysicsError, match="'mixture' of schema 1, and this version reads"):
        MixtureFactory(physics).restore(ModelState(kind="mixture", schema=1), data)


def test_an_input_that_physics_does_not_read_may_change_its_constants():
    """A solvent of which the model knows nothing doubles the rate: learned, and named."""
    space = SearchSpace(
        Continuous("time", 0.1, 10, unit="s"),
        Continuous("heat", 0, 1),
        Categorical("solvent", ["slow", "fast"]),
    )
    points = space.sample(20, 0)
    encoded = torch.as_tensor(space.encode(points))
    physics = model(rise, {"k": Prior(1.0, "1", fold=1.5)}, name="rise")
    z = torch.tensor([[-1.5 if p["solvent"] == "slow" else 1.5] for p in points])
    value = bind(physics, space).predict(encoded, z.double())
    rng = np.random.default_rng(1)
    data = TrainingData(
        encoded=encoded,
        outputs=value + 0.01 * torch.tensor(rng.standard_normal((20, 1))),
        names=("y",),
        objective=Objectives.of(Maximize("y")),
        features=tuple(space.features),
        space=space,
    )
    fitted = MixtureFactory(physics).fit(data)
    (term,) = fitted.report["missing"]
    assert term["along"] == "solvent"
    slow, fast = (term["value"][term["x"].index(s)] for s in ("slow", "fast"))
    assert fast > 2.5 * slow


def test_a_wide_prior_alone_is_no_missing_term():
    """Right physics whose constant lies far from a wide prior: no alarm."""
    physics = model(rise, {"k": Prior(1.0, "1", fold=10)}, name="rise")
    encoded = torch.as_tensor(SPACE.encode(SPACE.sample(14, 3)))
    z = torch.full((14, 1), 0.5, dtype=torch.float64)
    value = bind(physics, SPACE).predict(encoded, z)
    noise = 0.01 * torch.tensor(np.random.default_rng(2).standard_normal((14, 1)))
    fitted = MixtureFactory(physics).fit(training(value + noise, encoded))
    assert [a for a in fitted.alarms if a.kind == "physics-missing"] == []


def test_far_constants_keep_mean_and_measurements_together():
    """Right physics with a prior much too tight: what is predicted is what was measured."""
    physics = model(rise, {"k": Prior(1.0, "1", fold=1.1)}, name="rise")
    encoded = torch.as_tensor(SPACE.encode(SPACE.sample(14, 3)))
    truth = bind(model(rise, {"k": Prior(2.0, "1", fold=1.1)}), SPACE)
    value = truth.predict(encoded, torch.zeros(14, 1, dtype=torch.float64))
    data = training(value, encoded)
    mean = solved(Channels(bind(physics, SPACE), data), data).marginal_moments(encoded)[0]
    assert float((mean - value).abs().max()) < 0.05


def test_physics_without_a_number_at_a_left_out_experiment_is_still_weighed():
    """No NaN enters the report, which is stored, or a weight."""

    def narrow(x, theta):
        found = rise(x, theta)["y"]
        return {"y": torch.where(theta["k"] > 3.0, torch.nan, found)}

    physics = model(narrow, {"k": Prior(2.0, "1", fold=1.6)}, name="narrow")
    encoded = torch.as_tensor(SPACE.encode(SPACE.sample(5, 3)))
    z = torch.full((5, 1), 0.7, dtype=torch.float64)
    value = bind(model(rise, {"k": Prior(2.0, "1", fold=1.6)}), SPACE).predict(encoded, z)
    report = MixtureFactory(physics).fit(training(value, encoded)).report
    for member in report["members"].values():
        for found in member.get("leave_one_out", {}).values():
            assert np.isfinite(found)
    assert all(np.isfinite(w) for w in report["weights"].values())
