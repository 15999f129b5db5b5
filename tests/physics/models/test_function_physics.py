"""Any torch function is a physics model, and its faults are found and told."""

import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics import FunctionPhysics, Prior, check_physics
from labloop.space import Continuous, SearchSpace
from labloop.testing.physics import assert_physics

SPACE = SearchSpace(Continuous("dose", 1, 10, unit="mg"), Continuous("other", 0, 1))


def saturating(x, theta):
    """Return the share bound at a dose."""
    return {"bound": x["dose"] / (x["dose"] + theta["half"])}


def make(predict=saturating, **changes):
    """Return a model of one parameter."""
    arguments = {
        "parameters": {"half": Prior(3, "mg", fold=2)},
        "inputs": {"dose": "g"},
        "outputs": ("bound",),
    }
    return FunctionPhysics(predict, **{**arguments, **changes})


def test_inside_are_si_units():
    """A dose of 3 mg with a half-dose of 3 mg binds half."""
    bound = make().bind(SPACE)
    encoded = torch.tensor(SPACE.encode([{"dose": 3.0, "other": 0.0}]))
    found = bound.predict(encoded, torch.zeros(1, dtype=torch.float64))
    assert found.tolist() == [[pytest.approx(0.5)]]
    assert float(bound.inputs_si(encoded)["dose"][0]) == pytest.approx(3e-6)


def test_a_sound_function_passes_the_self_test():
    """Without a balance there are the other findings."""
    assert_physics(make(), SPACE)


@pytest.mark.parametrize(
    ("predict", "match"),
    [
        (lambda x, t: {"bound": x["dose"] / 0.0}, "BAD  values: bound is inf"),
        (lambda x, t: {"other": x["dose"]}, "returned no tensor for bound"),
        (lambda x, t: None, "returned no tensor for bound"),
        (lambda x, t: {"bound": x["dose"].detach() * 1.0}, "BAD  gradients: none flow"),
        (lambda x, t: {"bound": x["dose"] * t["half"] / x["dose"].max()}, "BAD  batches"),
        (lambda x, t: {"bound": (x["dose"] - x["dose"]).sqrt()}, "BAD  gradients: not finite"),
        (lambda x, t: {"bound": x["wrong"]}, "reads 'wrong', which it does not declare"),
        (lambda x, t: {"bound": torch.zeros(3, 7)}, "must return tensors of shape"),
        (lambda x, t: 1 / 0, "it raised ZeroDivisionError"),
    ],
)
def test_faults_are_found_and_told(predict, match):
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
