"""Temperatures and doses that follow a profile while a reaction runs."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad, solve_ivp

from labloop.errors import PhysicsError
from labloop.physics import (
    Arrhenius,
    Course,
    CurveAxis,
    Dose,
    MichaelisMenten,
    Prior,
    Profile,
    Rate,
    RateLaw,
    bind,
    check_physics,
    kinetics,
)
from labloop.space import Continuous, SearchSpace
from labloop.testing.physics import assert_physics

SPACE = SearchSpace(
    Continuous("minutes", 1, 60, unit="min"),
    Continuous("hot", 60, 120, unit="degC"),
    Continuous("ramp", 2, 20, unit="min"),
    Continuous("dosed", 5, 50, unit="mL"),
)
WAYS = Profile("20 degC", [("ramp", "hot"), ("10 min", "hot"), ("5 min", "20 degC")])
HEATED = Arrhenius("A -> P", k="0.1 1/min", Ea="80 kJ/mol", at="80 degC")
NONE = torch.zeros(0, dtype=torch.float64)


def model(laws, **changes):
    """Return a kinetic model."""
    arguments = {"feed": {"A": "1 mol/L"}, "time": "minutes", "outputs": {"left": "A / A0"}}
    return kinetics(**{**arguments, **changes})(type("Model", (), laws))


def rows(*points):
    """Return encoded points of minutes, hot, ramp, dosed."""
    names = ("minutes", "hot", "ramp", "dosed")
    return torch.tensor(SPACE.encode([dict(zip(names, p, strict=True)) for p in points]))


def kelvin(minute, hot, ramp):
    """Return the temperature of the programme, written anew."""
    knots = [0.0, ramp, ramp + 10, ramp + 15]
    return 273.15 + float(np.interp(minute, knots, [20.0, hot, hot, 20.0]))


def rate(minute, hot, ramp):
    """Return the rate constant in 1/min."""
    shift = 1 / kelvin(minute, hot, ramp) - 1 / 353.15
    return 0.1 * math.exp(-80e3 / 8.31446261815324 * shift)


@pytest.mark.parametrize("point", [(5.0, 90, 10), (18.0, 110, 8), (60.0, 75, 20), (60.0, 119, 2)])
def test_first_order_decay_along_a_programme(point):
    """What is left is exp(-integral of k), whether the end comes before a bend or after."""
    minutes, hot, ramp = point
    found = bind(model({"k": HEATED}, temperature=WAYS), SPACE).predict(rows((*point, 5.0)), NONE)
    bends = [b for b in (ramp, ramp + 10, ramp + 15) if b < minutes]
    exponent, _ = quad(lambda t: rate(t, hot, ramp), 0, minutes, points=bends or None, limit=200)
    assert float(found) == pytest.approx(math.exp(-exponent), abs=2e-4)


def test_the_error_falls_with_the_third_power_of_the_steps():
    """Halved steps leave an eighth: the temperature enters at the order of the method."""
    point, errors = rows((15.0, 110, 10, 5.0)), []
    exponent, _ = quad(lambda t: rate(t, 110, 10), 0, 15.0, points=[10.0])
    for steps in (20, 40, 80):
        made = model({"k": HEATED}, temperature=WAYS, steps=steps)
        errors.append(abs(float(bind(made, SPACE).predict(point, NONE)) - math.exp(-exponent)))
    assert errors[0] / errors[1] > 6 and errors[1] / errors[2] > 6  # noqa: PT018 - one statement


def test_a_profile_of_one_value_is_that_value():
    """A programme that stays where it is gives what a constant temperature gives."""
    flat = Profile("hot", [("ramp", "hot"), ("10 min", "hot")])
    points = torch.rand(20, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    constant = bind(model({"k": HEATED}, temperature="hot"), SPACE).predict(points, NONE)
    found = bind(model({"k": HEATED}, temperature=flat), SPACE).predict(points, NONE)
    assert found == pytest.approx(constant, abs=1e-4)


def test_a_dose_and_a_programme_at_once():
    """Two portions of N into a vessel that is heated, against a solver of a library."""
    plan = Profile("0 mL", [("0 min", "0.2 * dosed"), ("6 min", "0.2 * dosed"), ("9 min", "dosed")])
    made = model(
        {"k": Arrhenius("A + N -> P", "0.3 L/mol/min", Ea="60 kJ/mol", at="60 degC"),
         "d": Rate("N -> W", "0.02 1/min")},
        temperature=Profile("20 degC", [("ramp", "hot")]),
        dose=Dose({"N": "5 mol/L"}, volume=plan, into="100 mL"),
        outputs={"p": ("P", "mol/L"), "n": ("N", "mol/L")},
        steps=80,
    )  # fmt: skip
    minutes, hot, ramp, dosed = 30.0, 90.0, 12.0, 40.0

    def volume(t):
        return 100 + float(np.interp(t, [0, 6, 15], [0.2 * dosed, 0.2 * dosed, dosed]))

    def change(t, y):
        a, n, _ = y / volume(t)
        warm = 293.15 + (hot - 20.0) * min(t / ramp, 1.0)
        k = 0.3 * math.exp(-60e3 / 8.31446261815324 * (1 / warm - 1 / 333.15))
        fed = 5.0 * 0.8 * dosed / 9 if 6 < t < 15 else 0.0
        made_now, lost = k * a * n * volume(t), 0.02 * n * volume(t)
        return [-made_now, fed - made_now - lost, made_now]

    start = [100.0, 5.0 * 0.2 * dosed, 0.0]
    y = solve_ivp(change, (0, minutes), start, rtol=1e-9, atol=1e-9, max_step=0.05).y[:, -1]
    found = bind(made, SPACE).predict(rows((minutes, hot, ramp, dosed)), NONE)[0]
    assert found.tolist() == pytest.approx(
        [y[2] / volume(minutes), y[1] / volume(minutes)], rel=2e-4
    )


LEARNED = model(
    {"k": Arrhenius("A -> P", k=Prior(0.1, "1/min", fold=2), Ea=Prior(80, "kJ/mol", rel=0.2),
                    at="80 degC"),
     "w": RateLaw("P -> W", "k2 * P**2 / (P + half) * exp(-E / (R * T))", half="0.1 mol/L",
                  k2=Prior(1e9, "1/min", fold=2), E="70 kJ/mol")},
    temperature=Profile("20 degC", [("ramp", "hot")]),
    steps=10,
    curves={"course": Course("P", CurveAxis.even(0, 60, 3, "min", y_unit="mol/L"))},
)  # fmt: skip
FED = model(
    {"v": MichaelisMenten("S -> P", vmax=Prior(0.05, "mol/L/min", fold=2), Ea="50 kJ/mol",
                          at="37 degC", Km=Prior(0.05, "mol/L", fold=2),
                          inhibitors={"P": "1 mol/L"})},
    feed={"S": "0.1 mol/L"},
    temperature=Profile("20 degC", [("ramp", Prior(37, "degC", sd=2))]),
    dose=Dose({"S": "2 mol/L"}, volume=Profile("0 mL", [("10 min", "dosed")]), into="100 mL"),
    outputs={"p": ("P", "mol/L")},
)  # fmt: skip


@pytest.mark.parametrize("made", [LEARNED, FED], ids=["heated", "fed"])
def test_a_programme_is_sound(made):
    """Balances, gradients, batches and steps hold along a programme, a learned value in it too."""
    assert_physics(made, SPACE)


@pytest.mark.parametrize("made", [LEARNED, FED], ids=["heated", "fed"])
def test_an_experiment_has_the_same_bits_alone_and_in_a_batch(made):
    """As without a programme, a batch changes nothing of its members."""
    bound = bind(made, SPACE)
    points = torch.rand(50, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    z = torch.zeros(50, bound.dimension, dtype=torch.float64)
    with torch.no_grad():
        every = bound.predict_all(points, z)
        for i in (0, 7, 49):
            assert torch.equal(bound.predict_all(points[i : i + 1], z[:1])[0], every[i])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"temperature": Profile("20 degC", [("hot", "hot")])}, "like 's'"),
        ({"temperature": Profile("20 degC", [("ramp", "ramp")])}, "'K'"),
        ({"temperature": Profile("20 degC", [])}, "1 to 20 lines"),
        ({"temperature": Profile("20 degC", "hot")}, "1 to 20 lines"),
        ({"temperature": [("10 min", "hot")]}, "written as Profile"),
        ({"temperature": WAYS, "reactor": "cstr"}, "nor a temperature that follows a Profile"),
        ({"dose": Dose({"A": "1 mol/L"}, volume="dosed", into="1 mL")}, "volume= and over="),
        ({"dose": Dose({"A": "1 mol/L"}, volume=Profile("0 mL", [("ramp", "dosed")]),
                       over="ramp", into="1 mL")}, "no over="),
    ],
)  # fmt: skip
def test_what_is_no_profile_is_one_sentence(changes, said):
    """Units, forms and what a steady state cannot have are told."""
    with pytest.raises(PhysicsError, match=said):
        model({"k": HEATED}, **{"temperature": "hot", **changes}).bind(SPACE)


def test_the_check_finds_steps_that_are_too_few():
    """Two steps a line miss a programme, and the number that would do is told."""
    told = check_physics(model({"k": HEATED}, temperature=WAYS, steps=2), SPACE)
    (steps,) = [f for f in told.findings if f.name == "stiffness"]
    assert "steps=" in steps.sentence
