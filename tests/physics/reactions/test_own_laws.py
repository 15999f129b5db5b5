"""A rate law of one's own solves what the built-in laws solve, and more."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from labloop.errors import PhysicsError
from labloop.physics import (
    Arrhenius,
    By,
    Dose,
    Langmuir,
    MichaelisMenten,
    Prior,
    Rate,
    RateLaw,
    bind,
    check_physics,
    kinetics,
)
from labloop.space import Categorical, Continuous, SearchSpace

SPACE = SearchSpace(
    Continuous("minutes", 1, 60, unit="min"),
    Continuous("temperature", 40, 80, unit="degC"),
    Continuous("amount", 0.01, 0.5, unit="mol/L"),
    Continuous("loading", 1, 10, unit="mol%"),
    Continuous("dosed", 5, 50, unit="mL"),
    Categorical("solvent", ["water", "oil"]),
)
POINTS = torch.rand(40, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def model(laws, outputs=None, **changes):
    """Return a kinetic model of laws by label."""
    arguments = {
        "feed": {"A": "amount"},
        "time": "minutes",
        "temperature": "temperature",
        "outputs": outputs or {"y": "P / A0"},
    }
    return kinetics(**{**arguments, **changes})(type("Model", (), laws))


def predicted(made, points=POINTS, z=None):
    """Return what a model predicts at its medians."""
    count = len(made.parameters)
    at = torch.zeros(count, dtype=torch.float64) if z is None else z
    return bind(made, SPACE).predict(points, at)


K, KM, EA = Prior(0.1, "1/min", fold=2), Prior(0.1, "mol/L", fold=2), Prior(60, "kJ/mol", rel=0.2)
PAIRS = {
    "first order": (Rate("A -> P", k=K), RateLaw("A -> P", "k*A", k=K)),
    "second order": (
        Rate("2 A -> P", k=Prior(0.5, "L/mol/min", fold=2)),
        RateLaw("2 A -> P", "k*A**2", k=Prior(0.5, "L/mol/min", fold=2)),
    ),
    "arrhenius": (
        Arrhenius("A -> P", k=K, Ea=EA, at="60 degC"),
        RateLaw("A -> P", "k*A", k=K, Ea=EA, at="60 degC"),
    ),
    "arrhenius by hand": (
        Arrhenius("A -> P", k=K, Ea="60 kJ/mol", at="60 degC"),
        RateLaw("A -> P", "k*A*exp(-E/R*(1/T - 1/T0))", k=K, E="60 kJ/mol", T0="333.15 K"),
    ),
    "enzyme": (
        MichaelisMenten("A -> P", vmax=Prior(0.02, "mol/L/min", fold=2), Km=KM),
        RateLaw("A -> P", "vmax*A/(Km + A)", vmax=Prior(0.02, "mol/L/min", fold=2), Km=KM),
    ),
    "surface": (
        Langmuir("A -> P", k=K, adsorption={"A": Prior(8, "L/mol", fold=2)}, power=2),
        RateLaw("A -> P", "k*A/(1 + K*A)**2", k=K, K=Prior(8, "L/mol", fold=2)),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_law_in_words_is_the_built_in_one(name):
    """In a vessel, and in a stirred tank at its steady state."""
    built_in, own = PAIRS[name]
    for reactor in ("tube", "cstr"):
        first, second = (predicted(model({"r": law}, reactor=reactor)) for law in (built_in, own))
        assert torch.allclose(first, second, rtol=2e-3, atol=2e-4)


def test_dosing_is_the_same_as_well():
    """Volume grows, concentrations fall: the law sees concentrations."""
    dose = Dose({"N": "1 mol/L"}, volume="dosed", over="20 min", into="100 mL")
    k = Prior(2, "L/mol/min", fold=3)
    first, second = (
        predicted(model({"r": law}, dose=dose))
        for law in (Rate("A + N -> P", k=k), RateLaw("A + N -> P", "k*A*N", k=k))
    )
    assert torch.allclose(first, second, rtol=1e-3, atol=1e-4)


def test_arrays_and_tensors_take_the_same_steps():
    """With gradients the tensors are integrated, without them arrays."""
    made = model({"r": PAIRS["surface"][1], "s": RateLaw("P -> W", "j*P**2", j="0.3 L/mol/min")})
    plain = predicted(made)
    asked = predicted(made, POINTS.clone().requires_grad_())
    assert torch.allclose(plain, asked.detach(), rtol=1e-9, atol=1e-12)


def test_an_order_that_is_learned_and_no_whole_number():
    """Against an integrator of SciPy, at another order than the prior's."""
    order = RateLaw(
        "A -> P",
        "k*(A/ref)**n",
        k=Prior(0.01, "mol/L/min", fold=2),
        n=Prior(1, sd=0.5),
        ref="1 mol/L",
    )
    found = predicted(model({"r": order}), z=torch.tensor([0.3, 1.0], dtype=torch.float64))
    k = 0.01 * 2**0.3
    for row in range(5):
        fed, minutes = 0.01 + 0.49 * float(POINTS[row, 2]), 1 + 59 * float(POINTS[row, 0])
        solved = solve_ivp(
            lambda _, c: [-k * max(c[0], 0.0) ** 1.5], (0, minutes), [fed], rtol=1e-9, atol=1e-12
        )
        assert float(found[row, 0]) == pytest.approx(1 - solved.y[0, -1] / fed, abs=2e-3)


def test_a_parameter_of_the_space_and_a_category_stand_in_the_rate():
    """The loading of a catalyst in mol%, and a constant for each solvent."""
    law = RateLaw(
        "A -> P",
        "k * A * loading",
        k=By("solvent", {"water": Prior(2, "1/min", fold=2), "oil": Prior(4, "1/min", fold=2)}),
    )
    made = model({"r": law})
    assert "loading" in {i.name for i in made.inputs}
    found = predicted(made)
    assert torch.isfinite(found).all()
    assert check_physics(made, SPACE).passed


@pytest.mark.parametrize("law", [pair[1] for pair in PAIRS.values()], ids=list(PAIRS))
def test_every_law_passes_the_self_test(law):
    """Units, balances, gradients against differences, steps."""
    check = check_physics(model({"r": law}), SPACE)
    assert check.passed, str(check)


def test_a_reaction_that_is_not_elementary_keeps_its_balance():
    """Five molecules react in one step with a law of half order."""
    law = RateLaw(
        "3 A + 2 B -> 4 P",
        "k*(A/c)**0.5*(B/c)",
        k=Prior(0.001, "mol/L/min", fold=2),
        c="1 mol/L",
    )
    made = model({"r": law}, feed={"A": "amount", "B": "0.1 mol/L"})
    assert check_physics(made, SPACE).passed
    found = predicted(made, torch.full((1, 7), 0.999, dtype=torch.float64))
    assert 0 <= float(found[0, 0]) <= 4 / 3


@pytest.mark.parametrize(
    ("law", "match"),
    [
        (lambda: RateLaw("A -> P", "k*A", k=Prior(1, "mol/L", fold=2)), "has no meaning in units"),
        (lambda: RateLaw("A -> P", "k*A", k=K, j=K), "does not use j; it reads k, A"),
        (
            lambda: RateLaw("A -> P", "k*A*exp(-Ea/R/T)", k=K, Ea="1 J/mol", at="300 K"),
            "reads Ea, but Ea= and at= of a RateLaw multiply the whole rate",
        ),
        (lambda: RateLaw("A -> P", "k*Z", k=K), "reads 'Z', which the space lacks"),
        (lambda: RateLaw("A -> P", "k*A**n", k=K, n=Prior(1, sd=0.1)), "has no meaning in units"),
        (lambda: RateLaw("A -> P", "k*A", k="amount"), "a parameter of the space stands in the"),
        (lambda: RateLaw("A -> P", "import os", k=K), "is no arithmetic"),
        (lambda: RateLaw("A -> P", "k*A", k=K, Ea=EA), "must be a temperature such as"),
    ],
)
def test_a_mistake_is_one_sentence(law, match):
    """Units, names, constants that are not used, text that is no arithmetic."""
    with pytest.raises(PhysicsError, match=match):
        bind(model({"r": law()}), SPACE)


def test_a_law_that_reads_the_temperature_needs_one():
    """As Arrhenius reactions do."""
    law = RateLaw("A -> P", "k*A*exp(-E/R/T)", k=K, E="1 kJ/mol")
    with pytest.raises(PhysicsError, match="no temperature="):
        model({"r": law}, temperature=None)


def test_the_same_bits_alone_and_in_a_batch():
    """An experiment does not depend on which others are solved with it."""
    made = model({"r": PAIRS["surface"][1]})
    whole = predicted(made)
    alone = torch.cat([predicted(made, POINTS[i : i + 1]) for i in range(len(POINTS))])
    assert np.array_equal(whole.numpy(), alone.numpy())
