"""The mixture believes physics that is right, drops physics that is wrong, survives any."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from botorch.acquisition.logei import qLogNoisyExpectedImprovement
from rise_samples import data, physics, rise

from labloop.errors import PhysicsError
from labloop.physics import FunctionPhysics, Prior
from labloop.surrogates import MixtureFactory, MixtureModel, SurrogateFactory
from labloop.surrogates.mixture.weights import member_weights


def reversed_rise(x, theta):
    """Return what nobody measures: rising where the truth falls."""
    return {"y": 2.0 - 1.5 * torch.cos(8 * x["heat"] * theta["k"] + x["time"])}


def physical_weight(fitted):
    """Return the weight of all members with physics."""
    return 1.0 - fitted.report["weights"].get("gp", 0.0)


def test_right_physics_is_believed_and_wrong_physics_is_not():
    """After 10 experiments the weights tell which physics was given."""
    right = MixtureFactory(physics()).fit(data())
    assert physical_weight(right) > 0.7
    assert right.alarms == ()
    tight = Prior(1.0, "1", fold=1.05)
    wrong = MixtureFactory(physics(reversed_rise, tight)).fit(data())
    assert physical_weight(wrong) < 0.3
    assert [a.kind for a in wrong.alarms] == ["physics-wrong"]
    assert "after 10 experiments physics 'rise'" in wrong.alarms[0].message


def test_one_surprising_experiment_does_not_silence_a_member():
    """Two equally good members keep comparable weights though one failed once, badly."""
    even, alike = torch.zeros(2, 10, dtype=torch.float64), np.zeros(2)
    assert member_weights(even, alike) == pytest.approx([0.5, 0.5])
    once = even.clone()
    once[0, 3] = -6.0
    found = member_weights(once, alike)
    assert found[0] > 5 * float(torch.softmax(once.sum(1), 0)[0])
    assert found[1] > 0.8
    far = even - 1000 * torch.tensor([[1.0], [0.0]])
    assert member_weights(far, alike)[1] == pytest.approx(1)


def test_a_member_of_whom_more_is_demanded_must_lead_by_it():
    """The odds of two members that predict alike are those of what is demanded."""
    even = torch.zeros(2, 10, dtype=torch.float64)
    first, second = member_weights(even, np.array([0.0, 4.0]))
    assert np.log(first / second) == pytest.approx(4.0)


def test_a_parameter_far_from_its_prior_is_told_in_words():
    """With its value, its unit and what it may mean."""
    fitted = MixtureFactory(physics(prior=Prior(1.5, "1", fold=1.2))).fit(data(n=14))
    told = [a.message for a in fitted.alarms if a.kind == "physics-parameter"]
    assert len(told) == 1
    assert "prior standard deviations below the expected 1.5" in told[0]
    assert "missing something that acts through k" in told[0]


def test_the_report_has_what_the_page_shows():
    """Parameters with unit, sd and 90 % interval, weights that sum to 1, errors, seconds."""
    report = MixtureFactory(physics()).fit(data()).report
    (row,) = report["parameters"]
    assert row["name"] == "k"
    assert row["low"] < row["mean"] < row["high"]
    assert row["prior_low"] < row["low"]
    assert row["high"] < row["prior_high"]
    assert 0 < row["sd"] < 0.5
    assert row["low"] < 0.75
    assert sum(report["weights"].values()) == pytest.approx(1)
    member = report["members"]["rise, each output by itself"]
    assert 0 < member["train"]["y"] < member["leave_one_out"]["y"] < 0.2
    assert report["seconds"] > 0


def marginal_moments(model, x):
    """Return mean and variance at single points."""
    with torch.no_grad():
        posterior = model.posterior(x.unsqueeze(-2))
        return posterior.mean[:, 0], posterior.variance[:, 0]


def broken(how):
    """Return a function that breaks in one way."""

    def predict(x, theta):
        if how == "raises":
            raise ValueError("no table for this")
        value = rise(x, theta)["y"]
        if how == "shape":
            return {"y": value[..., None, None] * torch.ones(3)}
        return {"y": value * (torch.nan if how == "nan" else torch.inf)}

    return predict


@pytest.mark.parametrize(
    ("how", "match"),
    [
        ("raises", "raised ValueError: no table for this"),
        ("nan", "not finite"),
        ("inf", "not finite"),
        ("shape", "must return tensors of shape"),
    ],
)
def test_broken_physics_is_left_out_for_the_round(how, match):
    """The round goes on with the plain process, and an alarm says why."""
    fitted = MixtureFactory(physics(broken(how))).fit(data())
    assert list(fitted.report["weights"]) == ["gp"]
    assert [a.kind for a in fitted.alarms] == ["physics-failed"]
    assert match in fitted.alarms[0].message
    assert "went on without this physics" in fitted.alarms[0].message
    mean, _ = marginal_moments(fitted.model, data().encoded)
    assert bool(torch.isfinite(mean).all())


def test_physics_without_parameters_is_a_mean():
    """There is nothing to learn of it, and it may still be right."""
    known = FunctionPhysics(
        lambda x, _: rise(x, {"k": torch.tensor(0.7)}), {}, {"time": "s", "heat": "1"}, ("y",)
    )
    fitted = MixtureFactory(known).fit(data())
    assert physical_weight(fitted) > 0.7
    assert fitted.report["parameters"] == []


def test_physics_that_does_not_fit_the_space_is_refused():
    """No data could change that."""
    strange = FunctionPhysics(rise, {"k": Prior(1, fold=2)}, {"dose": "g"}, ("y",))
    with pytest.raises(PhysicsError, match="'dose', which the space lacks"):
        MixtureFactory(strange).fit(data())


def test_a_restored_model_is_bit_equal():
    """From the stored state and the data follow the same bits."""
    factory, training = MixtureFactory(physics()), data()
    fitted = factory.fit(training)
    again = factory.restore(fitted.state, training)
    x = torch.rand(20, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for first, second in zip(
        marginal_moments(fitted.model, x), marginal_moments(again.model, x), strict=True
    ):
        assert torch.equal(first, second)
    assert fitted.report["weights"] == again.report["weights"]
    assert fitted.state.kind == "mixture"


def test_fitting_again_is_bit_equal():
    """A fit is a pure function of the data."""
    x = torch.rand(20, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    first, second = (
        marginal_moments(MixtureFactory(physics()).fit(data()).model, x) for _ in range(2)
    )
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


def test_acquisition_functions_of_botorch_work_on_it():
    """Noisy improvement has values and gradients, for one point and for two at once."""
    training = data()
    model = MixtureFactory(physics()).fit(training).model
    acquisition = qLogNoisyExpectedImprovement(
        model, training.encoded, cache_root=False, prune_baseline=True
    )
    x = torch.rand(3, 2, 2, dtype=torch.float64, requires_grad=True)
    value = acquisition(x)
    assert value.shape == (3,)
    (gradient,) = torch.autograd.grad(value.sum(), x)
    assert bool(torch.isfinite(gradient).all())


def test_it_is_a_surrogate_factory():
    """As the brain takes one."""
    factory: SurrogateFactory = MixtureFactory(physics())
    assert factory.name == "mixture"
    with pytest.raises(PhysicsError, match="no physics model"):
        MixtureFactory(3)


def test_physics_and_surrogates_run_without_lab_and_store():
    """On a GPU machine neither database nor instruments are installed."""
    code = """
        import sys, warnings
        for name in ("labloop.store", "labloop.lab", "prefect", "sqlmodel", "typer", "serial"):
            sys.modules[name] = None
        warnings.simplefilter("ignore")
        import labloop.physics, labloop.surrogates, labloop.brain, labloop.testing.physics
        print("alone")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "alone", done.stderr


def test_the_parts_of_the_uncertainty_add_up():
    """Noise, constants, what physics misses and what members disagree about: the whole variance."""
    model = MixtureFactory(physics()).fit(data(n=4, noise=0.05)).model
    model = MixtureModel(model.members, [1 / len(model.members)] * len(model.members))
    x = torch.rand(20, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        whole = model.posterior(x.unsqueeze(-2), observation_noise=True).variance.squeeze(-2)
        parts = model.variance_parts(x)
    each = [parts.noise, parts.parameters, parts.discrepancy, parts.between]
    assert all(bool((part >= 0).all()) for part in each)
    assert torch.allclose(sum(each), whole, rtol=1e-4)
    assert torch.allclose(parts.mean, model.posterior(x.unsqueeze(-2)).mean.squeeze(-2))
    assert float(parts.parameters.max()) > 0
    assert float(parts.between.max()) > 0
