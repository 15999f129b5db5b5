"""Laws that are arithmetic of constants and parameters."""

import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics import By, Prior, algebraic, bind
from labloop.space import Categorical, Continuous, SearchSpace
from labloop.testing.physics import assert_physics

SPACE = SearchSpace(
    Continuous("c", 0, 0.5, unit="mol/L"),
    Continuous("minutes", 1, 60, unit="min"),
    Categorical("carbon", ["fine", "coarse"]),
)
CONSTANTS = {"most": Prior(2, "mmol/g", fold=2), "K": Prior(50, "L/mol", fold=3)}
LOADING = ("most * K * c / (1 + K * c)", "mmol/g")


def test_an_isotherm_is_straight_at_first_and_full_at_last():
    """Henry's law below, the plateau above, in the unit that was asked for."""
    model = algebraic({"loading": LOADING}, constants=CONSTANTS)
    rows = [{"c": c, "minutes": 5.0, "carbon": "fine"} for c in (1e-6, 0.5)]
    found = bind(model, SPACE).predict(
        torch.tensor(SPACE.encode(rows)), torch.tensor([0.0, 0.0], dtype=torch.float64)
    )
    assert found[:, 0].tolist() == pytest.approx([2 * 50 * 1e-6, 2 * 25 / 26], rel=1e-4)
    assert_physics(model, SPACE)


def test_a_constant_by_category():
    """Each category has its own constant."""
    grades = {"fine": Prior(20, "min", fold=2), "coarse": Prior(60, "min", fold=2)}
    model = algebraic({"share": "1 - exp(-minutes / lag)"}, constants={"lag": By("carbon", grades)})
    assert [p.name for p in model.parameters] == ["lag[fine]", "lag[coarse]"]
    assert_physics(model, SPACE)


@pytest.mark.parametrize(
    ("outputs", "constants", "said"),
    [
        ({"y": "most * c"}, CONSTANTS, "K"),
        ({"y": "K * c + most"}, CONSTANTS, "no meaning in units"),
        ({"y": "K"}, {"K": Prior(1, fold=2)}, "reads no parameter of the space"),
        ({"y": "K * c"}, {"K": "c"}, "stands in the arithmetic itself"),
        ({}, CONSTANTS, "needs outputs"),
    ],
)
def test_what_is_no_model_is_one_sentence(outputs, constants, said):
    """A constant that nothing uses, units that do not fit, a model without parameters."""
    with pytest.raises(PhysicsError, match=said):
        algebraic(outputs, constants=constants).bind(SPACE)
