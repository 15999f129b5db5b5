"""Mixtures at equilibrium fulfil mass action and totals, from traces to strong complexes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import PhysicsError
from labloop.physics import Equilibrium, Prior, VantHoff, check_physics, equilibrium
from labloop.space import Continuous, SearchSpace
from labloop.testing.physics import assert_physics

SPACE = SearchSpace(
    Continuous("metal", 0.1, 100, unit="mmol/L", log=True),
    Continuous("ligand", 0.1, 100, unit="mmol/L", log=True),
    Continuous("temperature", 5, 80, unit="degC"),
)


def make(reactions, feed=None, outputs=None, **more):
    """Return a model of the reactions."""
    feed = feed or {"M": "metal", "L": "ligand"}
    return equilibrium(feed=feed, outputs=outputs or {"y": "ML / M0"}, **more)(
        type("Toy", (), reactions)
    )


def at(model, point, z=0.0):
    """Return the outputs at a point."""
    bound = model.bind(SPACE)
    point = {"metal": 1.0, "ligand": 1.0, "temperature": 25.0, **point}
    z = torch.full((bound.dimension,), z, dtype=torch.float64)
    return bound.predict(torch.tensor(SPACE.encode([point])), z)[0].tolist()


ONE = {"K": Equilibrium("M + L <-> ML", K=Prior(1000, "L/mol", fold=3))}


def test_one_complex_is_the_root_of_its_quadratic():
    """1 mmol/L of each with K = 1000 L/mol."""
    b = 1 + 1 + 1
    assert at(make(ONE), {}) == [pytest.approx((b - np.sqrt(b * b - 4)) / 2, rel=1e-12)]


@settings(max_examples=60, deadline=None)
@given(
    log_k=st.lists(st.floats(-6, 14), min_size=3, max_size=3),
    metal=st.floats(-4, 2),
    ligand=st.floats(-4, 2),
)
def test_mass_action_and_totals_hold_everywhere(log_k, metal, ligand):
    """Constants over twenty decades and feeds over six: both hold to rounding."""
    k1, k2, k3 = (10.0**power for power in log_k)
    model = make(
        {
            "K1": Equilibrium("M + L <-> ML", K=f"{k1!r} m^3/mol"),
            "K2": Equilibrium("ML + L <-> MLL", K=f"{k2!r} m^3/mol"),
            "K3": Equilibrium("2 M <-> D", K=f"{k3!r} m^3/mol"),
        },
        outputs={s: (s, "mol/m^3") for s in ("M", "L", "ML", "MLL", "D")},
    )
    fed = {"metal": 10.0**metal, "ligand": 10.0**ligand}
    x = {name: torch.tensor(value, dtype=torch.float64) for name, value in fed.items()}
    m, free, ml, mll, d = model.predict(x, torch.zeros(0, dtype=torch.float64)).tolist()
    assert min(m, free, ml, mll, d) >= 0
    assert m + ml + mll + 2 * d == pytest.approx(10.0**metal, rel=1e-9, abs=1e-10 * 10**ligand)
    assert free + ml + 2 * mll == pytest.approx(10.0**ligand, rel=1e-9, abs=1e-10 * 10**metal)
    assert ml == pytest.approx(k1 * m * free, rel=1e-9)
    assert mll == pytest.approx(k2 * ml * free, rel=1e-9)
    assert d == pytest.approx(k3 * m * m, rel=1e-9)


ACID = {
    "Ka": Equilibrium("HA <-> H + A", K=Prior(1.8e-5, "mol/L", fold=1.5)),
    "Kw": Equilibrium("H2O <-> H + OH", K="1e-14 mol^2/L^2"),
}


def test_the_ph_of_acids_bases_and_water():
    """Half neutralised: pH = pKa; pure water: 7; an excess of base: 14 - pOH."""
    feed = {"HA": "metal", "OH": "ligand"}
    model = make(ACID, feed, {"pH": "pH", "left": ("HA", "mol/L")}, solvent=["H2O"])
    assert at(model, {"metal": 100.0, "ligand": 50.0})[0] == pytest.approx(4.7447, abs=1e-3)
    assert at(model, {"metal": 0.1, "ligand": 10.1})[0] == pytest.approx(12.0, abs=1e-4)
    strong = make({"Kw": ACID["Kw"]}, {"H": "metal", "OH": "metal"}, {"p": "pH"}, solvent="H2O")
    assert at(strong, {}) == [pytest.approx(7.0, abs=1e-6)]
    assert_physics(model, SPACE)


def test_a_temperature_shifts_the_constant():
    """An exothermic complex falls apart when heated, by van 't Hoff's law."""
    hot = VantHoff(
        "M + L <-> ML", Prior(1000, "L/mol", fold=3), Prior(-40, "kJ/mol", sd=5), "25 degC"
    )
    model = make({"K": hot}, outputs={"K": ("ML / M / L", "L/mol")}, temperature="temperature")
    assert [p.name for p in model.parameters] == ["K.K", "K.dH"]
    shift = 40e3 / 8.314462618 * (1 / 333.15 - 1 / 298.15)
    assert at(model, {"temperature": 60.0}) == [pytest.approx(1000 * np.exp(shift), rel=1e-9)]


def test_the_self_test_passes_and_speaks_in_words():
    """Totals and gradients hold over the box."""
    check = check_physics(make(ONE), SPACE)
    assert check.passed, str(check)
    assert "M + ML is kept" in str(check)


def test_what_is_not_there_stays_away():
    """Without ligand nothing is bound, and nothing breaks."""
    assert at(make(ONE, {"M": "metal", "L": "0 mol/L"}), {}) == [pytest.approx(0.0, abs=1e-10)]


@pytest.mark.parametrize(
    ("reactions", "more", "match"),
    [
        ({}, {}, "has no reaction"),
        ({"K": 3}, {}, "is no equilibrium"),
        ({"K": Equilibrium("M + L -> ML", 1)}, {}, "one '<->'"),
        ({"K": Equilibrium("M <-> M", 1)}, {}, "changes nothing"),
        ({"K": Equilibrium("M + L <-> ML", "3 1/s")}, {}, "expected a quantity like 'm\\^3/mol'"),
        ({"K": Equilibrium("M + L <-> ML", Prior(1, fold=2))}, {}, "needs a unit like 'm\\^3/mol'"),
        ({"K": Equilibrium("5 M + L <-> ML", 1)}, {}, "as several steps"),
        ({**ONE, "K2": Equilibrium("2 M + 2 L <-> 2 ML", "3 L^2/mol^2")}, {}, "follows from"),
        (ONE, {"feed": {"Z": "metal"}}, "feeds Z"),
        (
            {"K": VantHoff("M + L <-> ML", "3 L/mol", Prior(1, "kJ/mol", sd=1), "25 degC")},
            {},
            "no temperature=",
        ),
        (
            {"K": Equilibrium("W <-> M", "3 mol/L")},
            {"solvent": "W", "feed": {"M": "metal"}},
            "nothing",
        ),
    ],
)
def test_a_definition_that_means_nothing_is_refused(reactions, more, match):
    """At the decorator, with a sentence."""
    with pytest.raises(PhysicsError, match=match):
        make(reactions, **more)


def test_the_same_question_has_the_same_bits():
    """Whatever lies in memory beside them: 300 mixtures solved again give the same bits."""
    model = make(
        {
            "K1": Equilibrium("M + L <-> ML", K=Prior(1000, "L/mol", fold=3)),
            "K2": Equilibrium("ML + L <-> ML2", K=Prior(100, "L/mol", fold=3)),
        }
    )
    bound = model.bind(SPACE)
    rows = torch.tensor(SPACE.encode(SPACE.sample(300, 1)))
    z, beside, found = torch.zeros(bound.dimension, dtype=torch.float64), [], []
    for i in range(8):
        beside.append(torch.empty(17 * i + 3))
        found.append(bound.predict(rows.clone(), z.clone()))
    assert all(torch.equal(found[0], again) for again in found)
