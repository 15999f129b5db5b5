"""Dosed and stirred vessels, enzymes, surfaces and electrodes: as textbooks and a solver say."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from labloop.errors import PhysicsError
from labloop.physics import (
    Arrhenius,
    ButlerVolmer,
    Course,
    CurveAxis,
    Dose,
    Langmuir,
    MichaelisMenten,
    Peak,
    Prior,
    Rate,
    check_physics,
    kinetics,
)
from labloop.space import Continuous, SearchSpace
from labloop.testing.physics import assert_physics

SPACE = SearchSpace(
    Continuous("time", 1, 60, unit="min", log=True),
    Continuous("dosing", 0.5, 40, unit="min"),
    Continuous("volume", 5, 80, unit="mL"),
    Continuous("amount", 0.05, 0.5, unit="mol/L"),
    Continuous("potential", -0.8, 0.2, unit="V"),
)
POINT = {"time": 30.0, "dosing": 20.0, "volume": 50.0, "amount": 0.2, "potential": -0.3}
DOSE = Dose({"N": "1 mol/L"}, volume="volume", over="dosing", into="100 mL")
FAST = Prior(2.0, "L/mol/min", fold=3)


def make(laws, feed=None, outputs=None, **more):
    """Return a model of the laws, with the share made of A as its output."""
    arguments = {"feed": feed or {"A": "amount"}, "time": "time"}
    outputs = outputs or {"share": "P / A0", "left": ("A", "mol/L")}
    return kinetics(**arguments, outputs=outputs, **more)(type("Toy", (), laws))


def at(model, point=None, z=None):
    """Return the scalar outputs at a point, at the prior's median."""
    bound = model.bind(SPACE)
    encoded = torch.tensor(SPACE.encode([{**POINT, **(point or {})}]))
    z = torch.zeros(bound.dimension, dtype=torch.float64) if z is None else z
    return bound.predict(encoded, z)[0].tolist()


SIDE = {
    "k1": Rate("A + N -> P", k=FAST),
    "k2": Rate("P + N -> Q", k=Prior(0.5, "L/mol/min", fold=3)),
}


def dosed_reference(k1, k2, time, over, volume, amount):
    """Return amounts in mol/L and the volume's growth, by a stiff solver at tight tolerance."""
    w = volume / 100

    def change(t, n):
        v = 1 + w * min(t / over, 1)
        a, b, p, _ = np.maximum(n, 0)
        r1, r2 = k1 * a * b / v, k2 * p * b / v
        return [-r1, -r1 - r2 + (w / over if t < over else 0), r1 - r2, r2]

    n = np.array([amount, 0, 0, 0])
    for span in ((0, min(time, over)), (min(time, over), time)):
        if span[1] > span[0]:
            n = solve_ivp(change, span, n, method="LSODA", rtol=1e-10, atol=1e-13).y[:, -1]
    return n


@settings(max_examples=30, deadline=None)
@given(
    z=st.floats(-3, 3),
    time=st.floats(1, 60),
    over=st.floats(0.5, 40),
    volume=st.floats(5, 80),
    amount=st.floats(0.05, 0.5),
)
def test_a_dosed_vessel_agrees_with_a_stiff_solver(z, time, over, volume, amount):
    """Within 2e-3 of the feed, whether dosing ends before or after the reaction."""
    model = make(SIDE, dose=DOSE)
    point = {"time": time, "dosing": over, "volume": volume, "amount": amount}
    found = at(model, point, torch.full((2,), z, dtype=torch.float64))
    n = dosed_reference(2.0 * 3**z, 0.5 * 3**z, time, over, volume, amount)
    grown = 1 + volume / 100 * min(time / over, 1)
    assert found[0] == pytest.approx(n[2] / amount, abs=5e-3)
    assert found[1] == pytest.approx(n[0] / grown, abs=5e-3 * amount)


def test_finer_steps_converge_to_the_solver():
    """With 200 steps the dosed vessel is right to six digits."""
    found = at(make(SIDE, dose=DOSE, steps=200))
    n = dosed_reference(2.0, 0.5, 30, 20, 50, 0.2)
    assert found[0] == pytest.approx(n[2] / 0.2, abs=1e-6)


def test_a_dosed_vessel_keeps_mass_and_passes_the_self_test():
    """Both totals are kept to rounding, with what was dosed counted."""
    check = check_physics(make(SIDE, dose=DOSE), SPACE)
    assert check.passed, str(check)
    assert "N + P + 2 Q is kept" in str(check)


def test_dosing_only_dilutes_where_nothing_reacts():
    """A inert: its concentration falls by the volume that came in."""
    model = make(
        {"k": Rate("N -> P", k=Prior(1, "1/h", fold=2))},
        {"N": "0 mol/L"},
        {"n": ("N0", "mol/L")},
        dose=DOSE,
    )
    assert at(model) == [pytest.approx(50 * 1 / 150)]
    assert at(model, {"time": 10.0}) == [pytest.approx(25 / 125)]


def test_an_enzyme_ends_where_the_integrated_law_says():
    """The law in closed form: vmax t = S0 - S + Km ln(S0 / S)."""
    law = MichaelisMenten(
        "A -> P", vmax=Prior(0.01, "mol/L/min", fold=2), Km=Prior(50, "mmol/L", fold=2)
    )
    left = at(make({"v": law}))[1]
    exact = brentq(lambda s: 0.01 * 30 - (0.2 - s) - 0.05 * np.log(0.2 / s), 1e-9, 0.2)
    assert left == pytest.approx(exact, abs=2e-4)


@pytest.mark.parametrize("minutes", [2.0, 20.0, 60.0])
def test_an_enzyme_that_dies_ends_where_the_integrated_law_says(minutes):
    """S0 - S + Km ln(S0 / S) = kcat E0 (1 - exp(-k t)) / k, and E + Dead is kept."""
    laws = {
        "v": MichaelisMenten("A + E -> P + E", vmax="20 1/min", Km="50 mmol/L"),
        "dies": Rate("E -> Dead", k="0.1 1/min"),
    }
    outputs = {"left": ("A", "mol/L"), "enzyme": ("E + Dead", "mmol/L")}
    model = make(laws, {"A": "amount", "E": "1 mmol/L"}, outputs)
    left, enzyme = at(model, {"time": minutes})
    made = 0.02 * (1 - np.exp(-0.1 * minutes)) / 0.1
    exact = brentq(lambda s: made - (0.2 - s) - 0.05 * np.log(0.2 / s), 1e-9, 0.2)
    assert left == pytest.approx(exact, rel=1e-3)
    assert enzyme == pytest.approx(1.0, rel=1e-9)


def test_a_competitive_inhibitor_raises_km():
    """I = Ki doubles Km, and the enzyme that is fed multiplies the rate."""
    law = MichaelisMenten(
        "A + E -> P + E",
        vmax=Prior(10, "1/min", fold=2),
        Km=Prior(50, "mmol/L", fold=2),
        inhibitors={"I": Prior(2, "mmol/L", fold=2)},
    )
    feed = {"A": "amount", "E": "1 mmol/L", "I": "2 mmol/L"}
    model = make({"v": law}, feed)
    assert [p.name for p in model.parameters] == ["v.vmax", "v.Km", "v.Ki.I"]
    exact = brentq(lambda s: 0.01 * 30 - (0.2 - s) - 0.1 * np.log(0.2 / s), 1e-9, 0.2)
    assert at(model)[1] == pytest.approx(exact, abs=2e-4)
    assert_physics(model, SPACE)


def test_a_surface_reaction_agrees_with_a_stiff_solver():
    """A rate that grows while its reactant is used up, on two sites."""
    law = Langmuir(
        "A -> P",
        k=Prior(3, "1/min", fold=2),
        adsorption={"A": Prior(20, "L/mol", fold=2), "P": Prior(2, "L/mol", fold=2)},
        power=2,
    )
    model = make({"r": law})

    def change(_, c):
        return [-3 * c[0] / (1 + 20 * c[0] + 2 * (0.2 - c[0])) ** 2]

    exact = solve_ivp(change, (0, 5), [0.2], rtol=1e-10, atol=1e-13).y[0, -1]
    assert at(model, {"time": 5.0})[1] == pytest.approx(exact, abs=1e-5)
    assert_physics(model, SPACE)


ELECTRODE = {
    "k0": Prior(1e-3, "cm/s", fold=3),
    "E0": Prior(-0.3, "V", sd=0.05),
    "potential": "potential",
    "area": "5 1/cm",
}


def test_an_electrode_ends_at_the_nernst_ratio():
    """After a long time P / A = exp(-F (E - E0) / R T), whatever alpha is."""
    law = ButlerVolmer("A -> P", **ELECTRODE, alpha=Prior(0.5, sd=0.05))
    model = make({"e": law}, outputs={"ratio": "P / A"}, temperature="25 degC")
    exact = np.exp(-96485.33212 * -0.02 / (8.314462618 * 298.15))
    assert at(model, {"potential": -0.32, "time": 60.0})[0] == pytest.approx(exact, rel=1e-5)


def test_a_film_limits_an_electrode():
    """Far from E0 all that counts is transport: A = A0 exp(-transfer area t)."""
    law = ButlerVolmer("A -> P", **ELECTRODE, transfer=Prior(1e-4, "cm/s", fold=2))
    model = make({"e": law})
    assert at(model, {"potential": -0.8, "time": 30.0})[1] == pytest.approx(
        0.2 * np.exp(-1e-4 * 5 * 1800), rel=1e-3
    )
    assert_physics(model, SPACE)


def test_a_stirred_vessel_has_its_known_steady_state():
    """First order: A = A0 / (1 + k t); second order: a quadratic."""
    first = make({"k": Rate("A -> P", k=Prior(0.3, "1/min", fold=2))}, reactor="cstr")
    assert at(first)[1] == pytest.approx(0.2 / (1 + 0.3 * 30), rel=1e-10)
    second = make({"k": Rate("2 A -> P", k=Prior(4, "L/mol/min", fold=2))}, reactor="cstr")
    rate = 2 * 4 * 30
    assert at(second)[1] == pytest.approx((np.sqrt(1 + 4 * rate * 0.2) - 1) / (2 * rate), rel=1e-10)
    assert_physics(first, SPACE)
    assert_physics(second, SPACE)


def test_a_stiff_stirred_vessel_keeps_mass_and_slopes():
    """Rates over eight decades."""
    laws = {
        "k1": Rate("A + N -> P", k=Prior(1e4, "L/mol/s", fold=30)),
        "k2": Rate("P + N -> Q", k=Prior(1e-2, "L/mol/min", fold=30)),
        "k3": Rate("2 P -> D", k=Prior(1.0, "L/mol/min", fold=30)),
    }
    feed = {"A": "amount", "N": "0.3 mol/L"}
    assert_physics(make(laws, feed, reactor="cstr"), SPACE)


RUNAWAY = [
    {"k": Rate("A + P -> 2 P", k=Prior(1, "L/mol/min", fold=5))},
    {"r": Langmuir("A -> P", Prior(10, "1/min", fold=5), {"A": Prior(50, "L/mol", fold=5)}, 2)},
    {
        "f": Rate("2 A -> P", k=Prior(1, "L/mol/min", fold=3)),
        "b": Rate("P -> 2 A", k=Prior(2e5, "1/min", fold=3)),
        "c": Rate("P + A -> Q", k=Prior(1e7, "L/mol/min", fold=30)),
    },
]


@pytest.mark.parametrize("laws", RUNAWAY, ids=["autocatalysis", "surface", "radicals"])
def test_a_stirred_vessel_that_runs_away_still_comes_to_rest(laws):
    """Rates that grow while their reactant is used up, and fast steps there and back."""
    model = make(laws, {"A": "amount", "P": "0.001*amount"}, {"y": "A / A0"}, reactor="cstr")
    check = check_physics(model, SPACE)
    assert check.passed, str(check)
    assert "the steady state (in + made = out) is kept" in str(check)


def test_a_potential_far_off_breaks_nothing():
    """Four electrons and half a volt: over at once, with slopes that are numbers."""
    model = make({"e": ButlerVolmer("A -> P", **ELECTRODE, electrons=8)})
    assert_physics(model, SPACE)
    assert at(model, {"potential": -0.8}) == pytest.approx([1.0, 0.0], abs=1e-9)


def test_a_time_course_is_a_curve_and_its_peak_a_scalar():
    """P rises and falls; its curve and its greatest value are of one piece."""
    axis = CurveAxis.even(0, 60, 61, "min", y_unit="mol/L")
    laws = {
        "k1": Rate("A -> P", k=Prior(0.2, "1/min", fold=2)),
        "k2": Rate("P -> Q", k=Prior(0.1, "1/min", fold=2)),
    }
    model = make(laws, outputs={"best": Peak("profile")}, curves={"profile": Course("P", axis)})
    bound = model.bind(SPACE)
    encoded = torch.tensor(SPACE.encode([{**POINT, "time": 60.0}, {**POINT, "time": 5.0}]))
    z = torch.zeros(2, dtype=torch.float64)
    assert bound.predict(encoded, z).shape == (2, 1)
    curves = bound.predict_all(encoded, z)[:, bound.curve_columns["profile"]]
    t = np.arange(61.0)
    exact = 0.2 * 0.2 / (0.1 - 0.2) * (np.exp(-0.2 * t) - np.exp(-0.1 * t))
    assert curves[0].numpy() == pytest.approx(exact, abs=3e-5)
    assert curves[1, 5:].tolist() == pytest.approx([exact[5]] * 56, abs=1e-5)
    assert float(bound.predict(encoded, z)[0, 0]) == pytest.approx(exact.max(), abs=1e-5)
    assert model.output_units == ("mol/L",)


K = Prior(1, "1/min", fold=2)
AXIS = CurveAxis.even(0, 1, 5, "min")


@pytest.mark.parametrize(
    ("laws", "more", "match"),
    [
        ({"k": MichaelisMenten("2 A -> P", K, K)}, {}, "one substrate with the factor 1"),
        ({"k": MichaelisMenten("A -> P", K, K)}, {}, "needs a unit like 'mol/m\\^3/s'"),
        ({"k": Langmuir("A -> P", K, {})}, {}, "needs adsorption="),
        ({"k": Langmuir("A -> P", K, {"Z": 1})}, {}, "needs a quantity|expected a quantity"),
        ({"k": Langmuir("A -> P", K, {"Z": "1 L/mol"})}, {}, "speaks of Z"),
        ({"k": ButlerVolmer("A + B -> P", **ELECTRODE)}, {}, "one species on each side"),
        ({"k": Arrhenius("A -> P", K, Prior(1, "kJ/mol", rel=1), "")}, {}, "must be a temperature"),
        ({"k": Rate("A -> P", K)}, {"reactor": "pot"}, "'tube', 'cstr' or 'dispersed'"),
        ({"k": Rate("A -> P", K)}, {"reactor": "cstr", "dose": DOSE}, "neither dose="),
        ({"k": Rate("A -> P", K)}, {"dose": 3}, "must be Dose"),
        (
            {"k": Rate("A -> P", K)},
            {"curves": {"c": Course("A", CurveAxis.even(0, 1, 5, "nm"))}},
            "a unit of time",
        ),
        ({"k": Rate("A -> P", K)}, {"steps": 0}, "steps must be"),
        ({"k": Rate("A -> P", 3)}, {}, "expected a quantity like '1/s'"),
        ({"k": Rate("A -> P", None)}, {}, "must be a Prior, a quantity"),
        ({"k": Rate("A -> P", K)}, {"outputs": {"y": 3}}, "must be arithmetic such as"),
        ({"k": Rate("A -> P", K)}, {"outputs": {"y": ("P", "1", 2)}}, "must be arithmetic such as"),
        ({"k": Rate("A -> P", K)}, {"curves": {"c": 3}}, "must be Course"),
    ],
)
def test_a_definition_that_means_nothing_is_refused(laws, more, match):
    """At the decorator, with a sentence."""
    with pytest.raises(PhysicsError, match=match):
        make(laws, **more)


def test_a_curve_with_another_unit_is_refused_at_binding():
    """The curve's unit is checked as outputs are."""
    model = make(
        {"k": Rate("A -> P", K)},
        outputs={"best": Peak("c")},
        curves={"c": Course("A", CurveAxis.even(0, 1, 5, "min", y_unit="min"))},
    )
    with pytest.raises(PhysicsError, match="no meaning in units"):
        model.bind(SPACE)
