"""Physics reads a category by what each of its values means."""

import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics import (
    By,
    CurveAxis,
    FunctionPhysics,
    Mean,
    Prior,
    Rate,
    check_physics,
    identify,
    kinetics,
    speed,
)
from labloop.space import Categorical, Continuous, Pool, SearchSpace
from labloop.testing.physics import assert_physics

SOLVENTS = ["DMF", "MeCN", "THF"]
TIME = Continuous("time", 1, 60, unit="min")
SPACE = SearchSpace(TIME, Categorical("solvent", SOLVENTS))
DESCRIBED = SearchSpace(
    TIME,
    Categorical("solvent", SOLVENTS, descriptors={"DMF": [36.7], "MeCN": [37.5], "THF": [7.6]}),
)
POLARITY = By("solvent", {"DMF": 36.7, "MeCN": 37.5, "THF": 7.6, "water": 78})
PER_SOLVENT = By(
    "solvent", {s: Prior(0.01 * (i + 1), "1/min", fold=2) for i, s in enumerate(SOLVENTS)}
)


def decay(k=PER_SOLVENT, **more):
    """Return a first-order decay."""
    law = Rate("A -> P", k=k)
    more = {"outputs": {"left": "A / A0"}, **more}
    return kinetics(feed={"A": "0.1 mol/L"}, time="time", **more)(type("Decay", (), {"k": law}))


@pytest.mark.parametrize("space", [SPACE, DESCRIBED])
def test_each_category_has_its_own_constant(space):
    """One-hot or described: at a category its own constant counts and no other."""
    model = decay()
    assert [p.name for p in model.parameters] == ["k.k[DMF]", "k.k[MeCN]", "k.k[THF]"]
    bound = model.bind(space)
    encoded = torch.tensor(space.encode([{"time": 30.0, "solvent": s} for s in SOLVENTS]))
    z = torch.zeros(3, dtype=torch.float64)
    rates = -bound.predict(encoded, z)[:, 0].log() / 30
    assert rates.tolist() == pytest.approx([0.01, 0.02, 0.03], rel=1e-4)
    slope = torch.autograd.functional.jacobian(lambda v: bound.predict(encoded, v)[:, 0], z)
    assert (slope.abs() > 1e-6).tolist() == torch.eye(3, dtype=torch.bool).tolist()


@pytest.mark.parametrize("space", [SPACE, DESCRIBED])
def test_the_self_test_passes_on_categories(space):
    """Batches and gradients pass through the look-up."""
    assert_physics(decay(), space)


def test_a_property_is_looked_up_in_arithmetic():
    """Categories that the space lacks may stand in the table; units are kept."""
    viscosity = By("solvent", dict.fromkeys(SOLVENTS, "2e-3 Pa*s"))
    looked = {"polarity": POLARITY, "viscosity": viscosity}
    outputs = {"p": "polarity * A / A0", "eta": ("viscosity", "Pa*s")}
    model = decay(k=Prior(1e-9, "1/min", fold=2), lookup=looked, outputs=outputs)
    encoded = torch.tensor(SPACE.encode([{"time": 30.0, "solvent": s} for s in SOLVENTS]))
    found = model.bind(SPACE).predict(encoded, torch.zeros(1, dtype=torch.float64))
    assert found[:, 0].tolist() == pytest.approx([36.7, 37.5, 7.6])
    assert found[:, 1].tolist() == pytest.approx([2e-3] * 3)


def test_a_given_constant_by_category():
    """Numbers with units stand for constants that are known."""
    model = decay(k=By("solvent", {s: f"{i + 1} 1/h" for i, s in enumerate(SOLVENTS)}))
    assert model.parameters == ()
    encoded = torch.tensor(SPACE.encode([{"time": 30.0, "solvent": "MeCN"}]))
    found = model.bind(SPACE).predict(encoded, torch.zeros(0, dtype=torch.float64))
    assert float(found) == pytest.approx(torch.e**-1, rel=1e-4)


def test_between_categories_lies_their_mean():
    """Half of each one-hot column is half of each number, so that an optimiser has a slope."""
    model = FunctionPhysics(
        lambda x, t: {"y": x["polarity"] * t["a"]},
        parameters={"a": Prior(1, fold=2)},
        inputs={"polarity": POLARITY},
        outputs=("y",),
    )
    encoded = torch.tensor([[0.0, 0.5, 0.5, 0.0], [0.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    found = model.bind(SPACE).predict(encoded, torch.zeros(1, dtype=torch.float64))
    assert found[:, 0].tolist() == pytest.approx([37.1, 81.8 / 3])


def test_a_function_may_have_a_constant_per_category_and_curves():
    """Parameters and inputs by category, a curve with a scalar read off it."""
    axis = CurveAxis.even(400, 700, 4, "nm", y_unit="AU")
    model = FunctionPhysics(
        lambda x, t: {
            "spectrum": t["k"].unsqueeze(-1) * x["time"].unsqueeze(-1) * axis.si() / 400e-9
        },
        parameters={"k": PER_SOLVENT},
        inputs={"time": "min"},
        outputs={"a": Mean("spectrum")},
        curves={"spectrum": axis},
    )
    assert model.output_units == ("AU",)
    bound = model.bind(SPACE)
    encoded = torch.tensor(SPACE.encode([{"time": 10.0, "solvent": "THF"}]))
    z = torch.zeros(3, dtype=torch.float64)
    whole = bound.predict_all(encoded, z)
    assert whole.shape == (1, 5)
    assert whole[0, bound.curve_columns["spectrum"]].tolist() == pytest.approx(
        [0.3, 0.375, 0.45, 0.525]
    )
    assert float(bound.predict(encoded, z)) == pytest.approx(0.4125)
    assert check_physics(model, SPACE).passed


def test_a_small_pool_of_samples_is_enough():
    """Three samples that can be used once: everything is tested on them."""
    rows = [{"solvent": s, "time": 10.0 * (i + 1)} for i, s in enumerate(SOLVENTS)]
    pool = SearchSpace(Pool(rows, columns={"solvent": Categorical, "time": "min"}))
    assert_physics(decay(), pool)
    assert len(identify(decay(), pool)) == 3
    assert speed(decay().bind(pool), pool).holds


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({}, "needs a number for every category"),
        ("DMF", "needs a number for every category"),
        ({"DMF": None}, "needs a number for every category"),
        ({"DMF": Prior(1, fold=2), "THF": 3}, "either a Prior for each"),
    ],
)
def test_a_table_that_means_nothing_is_refused(values, match):
    """Where it is written."""
    with pytest.raises(PhysicsError, match=match):
        By("solvent", values)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: decay(lookup={"p": PER_SOLVENT}), "needs given numbers by category"),
        (lambda: decay(lookup={"p": 3}), "needs given numbers by category"),
        (lambda: decay(k=By("solvent", {"DMF": "fast"})), "must be a number, with its unit"),
        (lambda: decay(k=By("solvent", {"DMF": 3})), "expected a quantity like '1/s'"),
        (lambda: decay(k=By("solvent", {"DMF": "1 1/s"})).bind(SPACE), "MeCN, THF; add it to By"),
        (lambda: decay(k=By("time", {"DMF": "1 1/s"})).bind(SPACE), "is a number in the space"),
        (lambda: decay(k=By("colour", {"DMF": "1 1/s"})).bind(SPACE), "'colour', which the space"),
    ],
)
def test_faults_of_a_look_up_are_told(make, match):
    """At definition or at binding, with what to write."""
    with pytest.raises(PhysicsError, match=match):
        make()
