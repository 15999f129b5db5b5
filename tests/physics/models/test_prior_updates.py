"""The same physics with other priors: of blocks, of functions, and of what is built on them."""

import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics import (
    At,
    Band,
    CurveAxis,
    FunctionPhysics,
    Prior,
    Rate,
    absorption,
    bind,
    kinetics,
    with_priors,
)
from labloop.space import Continuous, SearchSpace

SPACE = SearchSpace(Continuous("minutes", 1, 60, unit="min"))
POINTS = torch.tensor([[0.1], [0.7]], dtype=torch.float64)


@kinetics(feed={"A": "0.1 mol/L"}, time="minutes", outputs={"share": "P / A0"})
class Decay:
    """A first-order decay."""

    k = Rate("A -> P", k=Prior(0.1, "1/min", fold=3))


FUNCTION = FunctionPhysics(
    lambda x, t: 1 - torch.exp(-x["minutes"] * t["k"]),
    {"k": Prior(0.1, "1/min", fold=3)},
    {"minutes": "min"},
    ["share"],
)


@pytest.mark.parametrize("model", [Decay, FUNCTION], ids=["block", "function"])
def test_the_copy_starts_from_the_new_prior_and_the_first_is_unchanged(model):
    """Also where the new prior is written in another unit."""
    name = model.parameters[0].name
    moved = with_priors(model, {name: Prior(0.01, "1/s", rel=0.1)})
    at_median = torch.zeros(1, dtype=torch.float64)
    expected = 1 - torch.exp(-0.6 * (1 + 59 * POINTS[:, 0]))
    assert torch.allclose(bind(moved, SPACE).predict(POINTS, at_median)[:, 0], expected, rtol=1e-4)
    assert model.parameters[0].prior.median == 0.1
    assert moved.parameters[0].prior.rel == 0.1


def test_a_model_that_is_built_on_it_has_the_new_prior_too():
    """A spectrum of a reaction reads the reaction's parameters."""
    moved = with_priors(Decay, {"k.k": Prior(0.6, "1/min", rel=0.1)})
    spectrum = absorption(
        {"P": Band(at="420 nm", width="60 nm", strength=Prior(800, "L/mol/cm", fold=1.5))},
        of=moved,
        path="1 mm",
        axis=CurveAxis.even(350, 550, 11, "nm", y_unit="AU"),
        outputs={"a420": At("spectrum", 420, "nm")},
    )
    assert spectrum.parameters[0].prior.median == 0.6


@pytest.mark.parametrize(
    ("priors", "match"),
    [
        ({"z": Prior(1, fold=2)}, "has no parameter 'z'; it has k.k"),
        ({"k.k": 3.0}, "needs a Prior, such as"),
        ({"k.k": Prior(1, "mol/L", fold=2)}, "is given in 1/min, and its new prior in mol/L"),
    ],
)
def test_a_mistake_is_one_sentence(priors, match):
    """A name that is not there, no Prior, another dimension."""
    with pytest.raises(PhysicsError, match=match):
        with_priors(Decay, priors)


def test_a_model_that_takes_no_other_priors_says_so():
    """A class of one's own without the method."""

    class Own:
        name, parameters, inputs, outputs, output_units = "own", (), (), ("y",), ("1",)

        def predict(self, x, theta):
            """Return nothing."""

        def check_units(self, units):
            """Do nothing."""

    with pytest.raises(PhysicsError, match="give it a method with_priors"):
        with_priors(Own(), {})
