"""A function of one's own is given what was declared, and its definition is checked."""

import numpy as np
import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics import By, FunctionPhysics, Prior, check_physics
from labloop.space import Categorical, Continuous, SearchSpace
from labloop.testing.physics import assert_physics

SPACE = SearchSpace(Continuous("dose", 1, 10, unit="mg"), Continuous("other", 0, 1))
LAB = SearchSpace(
    Continuous("minutes", 1, 60, unit="min"),
    Continuous("heat", 20, 120, unit="degC"),
    Categorical("solvent", ["water", "oil"]),
)


def saturating(x, theta):
    """Return the share bound at a dose."""
    return {"bound": x["dose"] / (x["dose"] + theta["half"])}


def make(predict=saturating, **changes):
    """Return a model of one parameter."""
    arguments = {
        "parameters": {"half": Prior(3, "mg", fold=2)},
        "inputs": {"dose": "mg"},
        "outputs": ("bound",),
    }
    return FunctionPhysics(predict, **{**arguments, **changes})


def seen(inputs, parameters, point):
    """Return what a function is given at a point, at the medians of its parameters."""
    found = {}

    def predict(x, theta):
        found.update({k: float(v.detach().reshape(-1)[0]) for k, v in {**x, **theta}.items()})
        return sum([*x.values(), *theta.values()], start=torch.zeros(()))

    bound = FunctionPhysics(predict, parameters, inputs, "y").bind(LAB)
    bound.predict(torch.tensor(LAB.encode([point])), torch.zeros(1, bound.dimension).double())
    return found


@pytest.mark.parametrize(("unit", "value"), [("min", 30.0), ("s", 1800.0), ("h", 0.5)])
def test_an_input_arrives_in_the_unit_that_is_declared(unit, value):
    """Whatever unit the space has: minutes never arrive as seconds without a word."""
    point = {"minutes": 30.0, "heat": 50.0, "solvent": "oil"}
    found = seen({"minutes": unit}, {}, point)
    assert found == {"minutes": pytest.approx(value)}


def test_a_temperature_arrives_in_the_scale_that_is_declared():
    """Degrees Celsius and kelvin differ by more than a factor."""
    point = {"minutes": 30.0, "heat": 50.0, "solvent": "oil"}
    assert seen({"heat": "degC"}, {}, point)["heat"] == pytest.approx(50.0)
    assert seen({"heat": "K"}, {}, point)["heat"] == pytest.approx(323.15)


def test_a_parameter_arrives_in_the_unit_of_its_prior():
    """By category in the unit of the first one; a number by category in that of the first."""
    parameters = {
        "k": Prior(0.2, "1/min", fold=2),
        "D": By(
            "solvent", {"water": Prior(1.0, "um^2/s", fold=2), "oil": Prior(5e-13, "m^2/s", fold=2)}
        ),
    }
    inputs = {"minutes": "min", "thick": By("solvent", {"water": "0.9 mPa*s", "oil": "0.05 Pa*s"})}
    found = seen(inputs, parameters, {"minutes": 1.0, "heat": 50.0, "solvent": "oil"})
    wanted = {"minutes": 1.0, "thick": 50.0, "k": 0.2, "D": 0.5}
    assert found == pytest.approx(wanted, rel=1e-9)


def test_the_units_of_the_arguments_are_told():
    """By the self-test, with a warning where a product would lack a factor."""
    model = FunctionPhysics(
        lambda x, t: torch.exp(-t["k"] * x["minutes"]), {"k": Prior(1e-3, "1/s", fold=2)},
        {"minutes": "min"}, "y",
    )  # fmt: skip
    told = str(check_physics(model, LAB))
    assert "the function is given minutes in min, k in 1/s" in told
    assert "mind that min and s are mixed" in told
    assert "mixed" not in str(check_physics(make(), SPACE))


def test_a_dose_at_the_half_dose_binds_half():
    """A dose of 3 mg with a half-dose of 3 mg; outside of the function values stay SI."""
    bound = make().bind(SPACE)
    encoded = torch.tensor(SPACE.encode([{"dose": 3.0, "other": 0.0}]))
    found = bound.predict(encoded, torch.zeros(1, dtype=torch.float64))
    assert found.tolist() == [[pytest.approx(0.5)]]
    assert float(bound.inputs_si(encoded)["dose"][0]) == pytest.approx(3e-6)


@pytest.mark.parametrize(
    "predict",
    [
        saturating,
        lambda x, t: np.exp(-x["dose"] / t["half"]),
        lambda x, t: {"bound": np.where(x["dose"] > 4.0, 1.0, 0.5) * x["dose"] / t["half"]},
    ],
    ids=["torch", "numpy", "numpy with a case"],
)
def test_a_sound_function_passes_the_self_test(predict):
    """Of torch or of NumPy; without a balance there are the other findings."""
    assert_physics(make(predict), SPACE)


def test_gradients_by_differences_are_told():
    """So that an author knows what writing it in torch would buy."""
    slow = make(lambda x, t: np.exp(-x["dose"] / t["half"]))
    assert "by central differences, since none flow" in str(check_physics(slow, SPACE))
    assert "by central differences" not in str(check_physics(make(), SPACE))


@pytest.mark.parametrize(
    ("predict", "match"),
    [
        (lambda x, t: {"bound": x["dose"] / 0.0}, "BAD  values: bound is inf"),
        (lambda x, t: {"bound": x["dose"] * t["half"] / x["dose"].max()}, "BAD  batches"),
        (lambda x, t: {"bound": (x["dose"] - x["dose"]).sqrt()}, "BAD  gradients: not finite"),
        (lambda x, t: 1 / 0, "BAD  values: physics 'function', line [0-9]+ of test_function_ph"),
    ],
)
def test_faults_are_found_by_the_self_test(predict, match):
    """Each fault of a function has its sentence."""
    with pytest.raises(PhysicsError, match=match):
        assert_physics(make(predict), SPACE)


def test_a_false_gradient_is_found():
    """A function whose gradient is not its slope fails against finite differences."""

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, value):
            return value * 1e6

        @staticmethod
        def backward(ctx, grad):
            return grad * 7.0

    check = check_physics(make(lambda x, t: Wrong.apply(x["dose"]) + 0.0 * t["half"]), SPACE)
    assert not check.passed
    assert "disagree with finite differences" in str(check)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"predict": 3}, "must be a function"),
        ({"outputs": ()}, "one input and one output"),
        ({"inputs": {}}, "one input and one output"),
        ({"parameters": {"half": 3}}, "needs a Prior"),
        ({"inputs": {"dose": 3}}, "must be given by its unit or by By"),
        ({"outputs": {"bound": 3}}, "must be given by its unit, or by a scalar"),
    ],
)
def test_a_definition_that_means_nothing_is_refused(changes, match):
    """With a sentence, where it is made."""
    with pytest.raises(PhysicsError, match=match):
        make(**changes)


def test_an_input_of_another_dimension_is_refused():
    """At binding, naming both units."""
    with pytest.raises(PhysicsError, match="like 'min', but the space gives it in 'mg'"):
        make(inputs={"dose": "min"}).bind(SPACE)
