"""Tanks in series and tubes that mix along their axis, against their known solutions."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_bvp

from labloop.errors import PhysicsError
from labloop.physics import Arrhenius, Course, CurveAxis, Prior, Rate, RateLaw, bind, kinetics
from labloop.space import Continuous, SearchSpace
from labloop.testing.physics import assert_physics

SPACE = SearchSpace(
    Continuous("minutes", 0.5, 20, unit="min"),
    Continuous("amount", 0.05, 1, unit="mol/L"),
    Continuous("mixing", 1, 40, log=True),
)
NONE = torch.zeros(0, dtype=torch.float64)
FIRST = {"k": Rate("A -> P", "0.3 1/min")}
SECOND = {"k": Rate("A + A -> P", "1 L/mol/min")}


def model(laws, **changes):
    """Return a kinetic model."""
    arguments = {"feed": {"A": "amount"}, "time": "minutes", "outputs": {"left": "A / A0"}}
    return kinetics(**{**arguments, **changes})(type("Model", (), laws))


def left(made, minutes, amount=0.5, mixing=10.0):
    """Return what is left of A."""
    point = SPACE.encode([{"minutes": minutes, "amount": amount, "mixing": mixing}])
    return float(bind(made, SPACE).predict(torch.tensor(point), NONE))


@pytest.mark.parametrize("tanks", [1, 2, 5, 20])
def test_tanks_in_series(tanks):
    """Of a first order each tank leaves 1 / (1 + k t / n)."""
    made = model(FIRST, reactor="cstr", tanks=tanks)
    assert left(made, 10.0) == pytest.approx((1 + 3.0 / tanks) ** -tanks, rel=1e-9)


def test_tanks_of_a_second_order():
    """Two tanks, each by its quadratic equation."""
    made, amount = model(SECOND, reactor="cstr", tanks=2), 0.5
    for _ in range(2):
        amount = (-1 + math.sqrt(1 + 8 * 5 * amount)) / (4 * 5)
    assert left(made, 10.0) == pytest.approx(amount / 0.5, rel=1e-9)


def danckwerts(damkohler, bodenstein):
    """Return what a closed dispersed tube leaves of a first order (Danckwerts, 1953)."""
    a = math.sqrt(1 + 4 * damkohler / bodenstein)
    up, down = math.exp(a * bodenstein / 2), math.exp(-a * bodenstein / 2)
    return 4 * a * math.exp(bodenstein / 2) / ((1 + a) ** 2 * up - (1 - a) ** 2 * down)


@pytest.mark.parametrize("bodenstein", [1.0, 5.0, 20.0, 40.0])
@pytest.mark.parametrize("minutes", [2.0, 10.0])
def test_a_dispersed_tube_of_first_order(bodenstein, minutes):
    """Danckwerts' solution, to a thousandth of the feed with 24 cells."""
    made = model(FIRST, reactor="dispersed", bodenstein="mixing")
    known = danckwerts(0.3 * minutes, bodenstein)
    assert left(made, minutes, mixing=bodenstein) == pytest.approx(known, abs=1.5e-3)


def test_the_error_of_cells_falls_with_their_square():
    """Twice the cells leave a quarter of the error."""
    known, errors = danckwerts(3.0, 10.0), []
    for cells in (12, 24, 48):
        made = model(FIRST, reactor="dispersed", bodenstein="mixing", steps=cells)
        errors.append(abs(left(made, 10.0) - known))
    assert errors[0] / errors[1] > 3.5
    assert errors[1] / errors[2] > 3.5


def test_a_dispersed_tube_of_second_order():
    """The boundary value problem of a library gives the same."""
    bodenstein, damkohler = 8.0, 2 * 1.0 * 0.5 * 10.0

    def change(_x, y):
        return np.vstack([y[1], bodenstein * (y[1] + damkohler * y[0] ** 2)])

    def ends(start, end):
        return np.array([start[0] - start[1] / bodenstein - 1, end[1]])

    x = np.linspace(0, 1, 101)
    known = solve_bvp(change, ends, x, np.vstack([1 - 0.7 * x, -0.7 + 0 * x]), tol=1e-6).y[0, -1]
    made = model(SECOND, reactor="dispersed", bodenstein="mixing")
    assert left(made, 10.0, mixing=bodenstein) == pytest.approx(known, abs=1.5e-3)


def test_between_a_stirred_tank_and_plug_flow():
    """Nearly no number is a stirred tank; a great one is as many tanks as there are cells."""
    stirred = model(FIRST, reactor="dispersed", bodenstein=0.001)
    assert left(stirred, 10.0) == pytest.approx(1 / 4, abs=1e-3)
    plug = model(FIRST, reactor="dispersed", bodenstein=1000.0)
    assert left(plug, 10.0) == pytest.approx((1 + 3.0 / 24) ** -24, rel=1e-9)


LAWS = {
    "k": Arrhenius("A + A -> P", Prior(1, "L/mol/min", fold=2), Ea="50 kJ/mol", at="60 degC"),
    "w": RateLaw("P -> W", "v * P / (K + P)", v=Prior(0.02, "mol/L/min", fold=2), K="0.2 mol/L"),
}
SERIES = model(LAWS, reactor="cstr", tanks=3, temperature="65 degC")
TUBE = model(
    LAWS, reactor="dispersed", bodenstein=Prior(10, fold=1.5), temperature="65 degC", steps=12
)


@pytest.mark.parametrize("made", [SERIES, TUBE], ids=["tanks", "tube"])
def test_reactors_are_sound(made):
    """Totals, the steady state, gradients and batches hold in every tank."""
    assert_physics(made, SPACE)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tanks": 3}, "of reactor='cstr'"),
        ({"tanks": 0, "reactor": "cstr"}, "from 1 to 50, got 0"),
        ({"reactor": "dispersed"}, "needs bodenstein="),
        ({"bodenstein": 30.0}, "no other reactor has it"),
        ({"reactor": "dispersed", "bodenstein": "minutes"}, "like '1'"),
        (
            {
                "reactor": "dispersed",
                "bodenstein": 3.0,
                "curves": {"c": Course("P", CurveAxis.even(0, 1, 3, "min", y_unit="mol/L"))},
            },
            "neither dose= nor curves=",
        ),
    ],
)
def test_what_is_no_reactor_is_one_sentence(changes, said):
    """What belongs to which reactor is told."""
    with pytest.raises(PhysicsError, match=said):
        model(FIRST, **changes).bind(SPACE)
