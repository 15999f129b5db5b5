"""Torch and NumPy are told apart, and every fault is one sentence with model and line."""

import functools
import math

import numpy as np
import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics.models.function_faults import place_in
from labloop.physics.models.user_function import UserFunction

X = {"t": torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)}
THETA = {"k": torch.tensor([[0.3], [0.7]], dtype=torch.float64)}
SHAPE = torch.Size([2, 3])


def called(function, points=None, x=X, shape=SHAPE):
    """Return the function's outputs and where its gradients come from."""
    user = UserFunction(function, "mine", points or {"y": 0})
    return user(x, THETA, shape), user.gradients


@pytest.mark.parametrize(
    ("function", "gradients"),
    [
        (lambda x, t: torch.exp(-t["k"] * x["t"]), "automatic"),
        (lambda x, t: {"y": torch.exp(-t["k"] * x["t"])}, "automatic"),
        (lambda x, t: np.exp(-t["k"] * x["t"]), "central differences"),
        (lambda x, t: {"y": np.exp(-t["k"] * x["t"])}, "central differences"),
        (lambda x, t: torch.exp(-t["k"] * x["t"]).detach(), "central differences"),
    ],
)
def test_functions_of_torch_and_numpy_give_the_same(function, gradients):
    """Over broadcast batches, in float64, with the gradients of the formula."""
    wanted = torch.exp(-THETA["k"] * X["t"])
    found, how = called(function)
    assert how == gradients
    assert found["y"].dtype == torch.float64
    torch.testing.assert_close(found["y"], wanted)
    x = {"t": X["t"].clone().requires_grad_()}
    (slope,) = torch.autograd.grad(called(function, x=x)[0]["y"].sum(), x["t"])
    torch.testing.assert_close(slope, (-THETA["k"] * wanted).sum(0), rtol=1e-8, atol=1e-9)


def test_one_experiment_is_asked_as_many_are():
    """A scalar point of NumPy is a number of NumPy, which is taken for an array."""
    user = UserFunction(lambda x, t: np.exp(-t["k"] * x["t"]), "mine", {"y": 0})
    one = user({"t": X["t"][0]}, {"k": THETA["k"][0, 0]}, torch.Size([]))
    assert float(one["y"]) == pytest.approx(math.exp(-0.15))


def test_a_curve_of_numpy_has_gradients():
    """Its points are a last dimension."""
    times = np.linspace(0.0, 1.0, 4)

    def course(x, t):
        return np.exp(-t["k"] * x["t"])[..., None] * times

    x = {"t": X["t"].clone().requires_grad_()}
    found, _ = called(course, {"c": 4}, x)
    assert found["c"].shape == (2, 3, 4)
    (slope,) = torch.autograd.grad(found["c"].sum(), x["t"])
    wanted = -(THETA["k"] * torch.exp(-THETA["k"] * X["t"])).sum(0) * times.sum()
    torch.testing.assert_close(slope, wanted, rtol=1e-8, atol=1e-9)


def test_the_inputs_cannot_be_changed_from_within():
    """A function that calculates in place leaves the caller's numbers alone."""

    def greedy(x, t):
        x["t"] *= 2.0
        return np.sqrt(x["t"]) * t["k"]

    kept = X["t"].clone()
    called(greedy)
    assert torch.equal(X["t"], kept)


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda x, t: math.exp(-x["t"]), "needs one number"),
        (lambda x, t: np.array([math.exp(-v) for v in [x["t"]]]), "needs one number"),
        (lambda x, t: float(x["t"]) * t["k"], "needs one number"),
        (lambda x, t: x["t"] if x["t"] > 1 else t["k"], "takes a decision"),
        (lambda x, t: np.exp(x["t"]) if x["t"] > 1 else t["k"], "takes a decision"),
        (lambda x, t: max(x["t"], t["k"]), "takes a decision"),
        (lambda x, t: x.t * t["k"], r"asks for .t; inputs and parameters are read by name in brac"),
        (lambda x, t: x.q, "asks for .q, which it does not declare; its inputs are t, its param"),
        (lambda x, t: x["t"].magnitude, "asks a value for .magnitude, which it does not have; val"),
        (lambda x, t: x["q"], "reads 'q', which it does not declare; its inputs are t, its param"),
        (lambda x, t: [x["t"], t["k"]], "returned a list of 2 for 'y'; return one tensor or array"),
        (lambda x, t: {"y": 3.0}, "returned the single number 3.0 for 'y'"),
        (lambda x, t: {"y": "much"}, "returned 'much' for 'y'"),
        (lambda x, t: {"z": x["t"]}, "returned z, but nothing for y; return a dictionary"),
        (lambda x, t: None, "returned NoneType, but nothing for y"),
        (lambda x, t: torch.zeros(3, 7), r"must return tensors of shape \(2,\) for 'y'; it return"),
        (lambda x, t: x["t"][..., None], r"must return tensors of shape \(2,\) for 'y'; it return"),
        (lambda x, t: 1j * x["t"], "returned values of type torch.complex128 for 'y'"),
        (lambda x, t: 1 / 0, "raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_fault_is_one_sentence_with_model_and_line(function, sentence):
    """Also where only one experiment is asked for, which some faults would hide."""
    line = function.__code__.co_firstlineno
    for shape in (SHAPE, torch.Size([1])):
        one = {k: v.flatten()[:1] for k, v in {**X, **THETA}.items()}
        user = UserFunction(function, "mine", {"y": 0})
        x, theta = ({"t": one["t"]}, {"k": one["k"]}) if shape == (1,) else (X, THETA)
        where = f"physics 'mine', line {line} of test_user_function.py, {sentence}"
        with pytest.raises(PhysicsError, match=where):
            user(x, theta, shape)


def test_the_line_is_the_one_that_failed():
    """Not the line where the function begins; deep in a helper, the helper's."""

    def helper(value):
        return value["q"]

    def function(x, theta):
        half = 0.5 * theta["k"]
        return helper(x) * half

    with pytest.raises(PhysicsError, match=f"line {helper.__code__.co_firstlineno + 1} of "):
        called(function)


def test_a_place_is_known_of_whatever_can_be_called():
    """Partial functions and objects that can be called; nothing of what has no line in Python."""

    class Model:
        def __call__(self, x, theta):
            return x["t"]

    def function(x, theta, more):
        return x["t"] * more

    line = function.__code__.co_firstlineno
    assert (
        place_in(functools.partial(function, more=2)) == f", line {line} of test_user_function.py,"
    )
    assert "of test_user_function.py" in place_in(Model())
    assert place_in(torch.exp) == ""
