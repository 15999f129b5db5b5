"""Costs and parameters that the mechanism does not read, in outputs and on top of any model."""

import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics import (
    FunctionPhysics,
    Prior,
    Rate,
    bind,
    check_physics,
    kinetics,
    with_priors,
    with_value,
)
from labloop.space import Continuous, SearchSpace

SPACE = SearchSpace(Continuous("minutes", 1, 60, unit="min"), Continuous("price", 1, 9, unit="1/g"))
POINTS = torch.tensor([[0.1, 0.5], [0.7, 1.0]], dtype=torch.float64)
MINUTES, PRICE = 1 + 59 * POINTS[:, 0], 1 + 8 * POINTS[:, 1]


def decay(**outputs):
    """Return a first-order decay with these outputs."""
    law = Rate("A -> P", k=Prior(0.1, "1/min", fold=3))
    made = kinetics(feed={"A": "0.1 mol/L"}, time="minutes", outputs=outputs)
    return made(type("Decay", (), {"k": law}))


FUNCTION = FunctionPhysics(
    lambda x, t: {"share": 1 - torch.exp(-x["minutes"] * t["k"])},
    {"k": Prior(0.1, "1/min", fold=3)},
    {"minutes": "min"},
    ["share"],
)


def predicted(model):
    """Return what a model predicts at its medians, by output."""
    at = torch.zeros(len(model.parameters), dtype=torch.float64)
    found = bind(model, SPACE).predict(POINTS, at)
    return dict(zip(model.outputs, found.unbind(-1), strict=True))


def test_an_output_reads_a_parameter_that_the_mechanism_does_not():
    """Time with its price, and a price of the space, with units in the arithmetic."""
    made = decay(share="P / A0", merit="P / A0 - 0.002 1/min * minutes - 0.01 g * price")
    found = predicted(made)
    expected = found["share"] - 0.002 * MINUTES - 0.01 * PRICE
    assert torch.allclose(found["merit"], expected)
    assert check_physics(made, SPACE).passed


@pytest.mark.parametrize("model", [decay(share="P / A0"), FUNCTION], ids=["block", "function"])
def test_a_value_stands_on_top_of_any_model(model):
    """The model's own outputs stay; parameters, gradients and self-tests are its own."""
    made = with_value(model, {"merit": "share - 0.002 1/min * minutes - 0.01 g * price"})
    found = predicted(made)
    assert torch.allclose(found["merit"], found["share"] - 0.002 * MINUTES - 0.01 * PRICE)
    assert torch.equal(found["share"], predicted(model)["share"])
    assert made.outputs == ("share", "merit")
    assert check_physics(made, SPACE).passed
    moved = with_priors(made, {made.parameters[0].name: Prior(0.2, "1/min", rel=0.1)})
    assert not torch.allclose(predicted(moved)["merit"], found["merit"])


def test_a_value_with_a_unit():
    """A pair, as an output of a block."""
    made = with_value(FUNCTION, {"rate": ("share / minutes", "1/h")})
    found = predicted(made)
    assert torch.allclose(found["rate"], 60 * found["share"] / MINUTES)


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"merit": "share - minutes"}, "has no meaning in units"),
        ({"share": "share"}, "predicts 'share' already"),
        ({"merit": "shar"}, "reads 'shar', which the space lacks"),
        ({}, "needs a value, such as"),
    ],
)
def test_a_mistake_is_one_sentence(values, match):
    """With the name of the value and of the model."""
    with pytest.raises(PhysicsError, match=match):
        bind(with_value(FUNCTION, values), SPACE)


def test_a_slip_in_an_output_is_told_with_what_is_known():
    """The space's parameters and what the model solves for."""
    with pytest.raises(
        PhysicsError, match=r"reads 'Q', which the space lacks; .* solves for A, A0"
    ):
        bind(decay(share="Q / A0"), SPACE)
