"""Kinetic models integrate what they say, keep mass, and are checked for units once."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from labloop.errors import PhysicsError
from labloop.physics import Arrhenius, Prior, Rate, as_physics, check_physics, kinetics
from labloop.physics.reactions.integration.integrator import integrate
from labloop.physics.reactions.integration.network import Network, RateConstants
from labloop.space import Categorical, Continuous, SearchSpace
from labloop.testing.physics import assert_physics

SPACE = SearchSpace(
    Continuous("temperature", 30, 120, unit="degC"),
    Continuous("minutes", 0.5, 5, unit="min", log=True),
    Continuous("excess", 1, 5),
    Continuous("amount", 0.1, 0.5, unit="mol/L"),
)
FEED = {"A": "amount", "N": "excess*amount"}
K = Prior(30, "L/mol/min", fold=2.7)
EA = Prior(45, "kJ/mol", rel=0.3)


def model(feed=None, time="minutes", temperature="temperature", outputs=None, **steps):
    """Return a model of two steps, or of the given ones."""
    steps = steps or {
        "k1": Arrhenius("A + N -> P", k=K, Ea=EA, at="90 degC"),
        "k2": Arrhenius("P + N -> Q", k=Prior(0.4, "L/mol/min", fold=2.7), Ea=EA, at="90 degC"),
    }
    return kinetics(
        feed=FEED if feed is None else feed,
        time=time,
        temperature=temperature,
        outputs={"y": "P / A0", "left": ("A", "mol/L")} if outputs is None else outputs,
    )(type("Toy", (), steps))


def reference(k, c0, time, net, orders):
    """Return the concentrations by an independent stiff solver at tight tolerance."""

    def change(_, c):
        return net @ (k * np.prod(np.maximum(c, 0)[None] ** orders, axis=1))

    return solve_ivp(change, (0, time), c0, method="LSODA", rtol=1e-10, atol=1e-13).y[:, -1]


NET = np.array([[-1, 0, -2], [-1, -1, 0], [1, -1, 0], [0, 1, 0], [0, 0, 1]])
ORDERS = np.array([[1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [2, 0, 0, 0, 0]])
NETWORK = Network.of(NET.tolist(), [[0, 1], [2, 1], [0, 0]])


@settings(max_examples=40, deadline=None)
@given(
    k=st.lists(st.floats(-4, 3), min_size=3, max_size=3),
    fed=st.tuples(st.floats(0.01, 1), st.floats(0.01, 3)),
    time=st.floats(0.1, 300),
)
def test_the_integrator_agrees_with_a_stiff_solver(k, fed, time):
    """Within 1e-2 of the feed up to k c t of a million, and positive; totals to rounding."""
    rates = 10.0 ** np.array(k)
    c0 = np.array([*fed, 0, 0, 0])
    found = integrate(
        NETWORK,
        RateConstants(torch.tensor(rates)),
        torch.tensor(c0),
        torch.tensor(time, dtype=torch.float64),
    ).numpy()
    assert np.abs(found - reference(rates, c0, time, NET, ORDERS)).max() < 1e-2 * c0.sum()
    assert found.min() >= -1e-9 * c0.sum()
    assert found @ [1, 0, 1, 1, 2] == pytest.approx(c0[0], rel=1e-12)
    assert found @ [0, 1, 1, 2, 0] == pytest.approx(c0[1], rel=1e-12)


def test_slow_reactions_are_integrated_to_five_digits():
    """Without stiffness the error is below 1e-5."""
    rates, c0 = np.array([0.2, 0.1, 0.05]), np.array([1.0, 2.0, 0, 0, 0])
    found = integrate(
        NETWORK,
        RateConstants(torch.tensor(rates)),
        torch.tensor(c0),
        torch.tensor(3.0, dtype=torch.float64),
    )
    assert found.numpy() == pytest.approx(reference(rates, c0, 3.0, NET, ORDERS), abs=1e-5)


def test_no_time_changes_nothing():
    """At time 0 everything is as it was fed."""
    c0 = torch.tensor([1.0, 2.0, 0, 0, 0], dtype=torch.float64)
    k = torch.ones(3, dtype=torch.float64)
    found = integrate(NETWORK, RateConstants(k), c0, torch.tensor(0.0, dtype=torch.float64))
    assert found.tolist() == pytest.approx(c0.tolist())


def test_a_known_solution_with_units():
    """A first-order decay over minutes and degC ends at exp(-k t)."""
    decay = model(
        feed={"A": "amount"},
        outputs={"y": "A / A0", "share": ("A / A0", "%"), "made": ("P", "mol/L")},
        k=Arrhenius("A -> P", k=Prior(0.3, "1/min", fold=2), Ea=EA, at="75 degC"),
    )
    bound = decay.bind(SPACE)
    encoded = torch.tensor(SPACE.encode([POINT]))
    found = bound.predict(encoded, torch.zeros(2, dtype=torch.float64))[0]
    left = np.exp(-0.3 * 2)
    assert found.tolist() == pytest.approx([left, 100 * left, 0.2 * (1 - left)], rel=1e-5)


POINT = {"temperature": 75.0, "minutes": 2.0, "excess": 2.0, "amount": 0.2}


def test_the_self_test_passes_and_speaks_in_words():
    """Units, values, batches, gradients and each conserved total have a sentence."""
    check = check_physics(model(), SPACE)
    assert check.passed, str(check)
    told = str(check)
    assert "A + P + Q is kept" in told
    assert "N + P + 2 Q is kept" in told
    assert_physics(model(), SPACE)


def test_the_course_begins_with_the_feed_and_ends_with_the_outputs():
    """The time course and the prediction are of one piece."""
    toy = model()
    bound = toy.bind(SPACE)
    x = bound.inputs_si(torch.tensor(SPACE.encode([POINT] * 2)))
    theta = bound.theta(torch.zeros(2, 4, dtype=torch.float64))
    course = toy.course(x, theta, points=7)
    assert course.shape == (2, 7, 4)
    assert course[0, 0].tolist() == pytest.approx([200.0, 400.0, 0, 0])
    end = toy.predict(x, theta)
    assert float(course[0, -1, 2] / 200.0) == pytest.approx(float(end[0, 0]))


def test_leading_dimensions_broadcast():
    """Points times parameter sets in one call equals one by one."""
    bound = model().bind(SPACE)
    encoded = torch.tensor(SPACE.encode(SPACE.sample(3, 1)))
    z = torch.randn(2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    both = bound.predict(encoded[None], z[:, None])
    assert both.shape == (2, 3, 2)
    assert torch.allclose(both[1, 2], bound.predict(encoded[2], z[1]), rtol=1e-9)


def test_quantities_may_stand_for_inputs():
    """Constant feed, time and temperature need no parameter."""
    toy = model(feed={"A": "0.1 mol/L", "N": "amount"}, time="30 s", temperature="60 degC")
    assert [i.name for i in toy.inputs] == ["amount"]
    assert check_physics(toy, SPACE).passed


def test_a_rate_without_temperature():
    """Rate constants that do not depend on temperature have one parameter."""
    toy = model(temperature=None, k=Rate("A + N -> P", k=K))
    assert [p.name for p in toy.parameters] == ["k.k"]
    assert check_physics(toy, SPACE).passed


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"feed": {"A": "amount"}}, "never has any N"),
        ({"feed": {**FEED, "Z": "amount"}}, "takes part in no reaction"),
        ({"temperature": None}, "no temperature="),
        ({"outputs": {}}, "needs outputs"),
        ({"feed": {"A": "P", "N": "amount"}}, "for two things"),
        ({"k": Rate("A + N -> P", k=Prior(1, "1/min", fold=2))}, "needs a unit like"),
        (
            {"k": Arrhenius("A + N -> P", k=K, Ea=Prior(1, "kJ", rel=0.1), at="90 degC")},
            "needs a unit like",
        ),
        ({"k": Arrhenius("A + N -> P", k=K, Ea=EA, at="90 min")}, "expected a quantity like"),
        ({"k": Arrhenius("A + N -> P", k=K, Ea=EA, at="hot")}, "must be a temperature"),
        ({"time": "5 mL"}, "expected a quantity like"),
        ({"k": 3}, "is no reaction"),
    ],
)
def test_a_definition_that_means_nothing_is_refused(arguments, match):
    """At the decorator, with a sentence."""
    with pytest.raises(PhysicsError, match=match):
        model(**arguments)


def test_a_class_without_reactions_is_refused():
    """There must be something to learn."""
    with pytest.raises(PhysicsError, match="has no reaction"):
        kinetics(feed={}, time="minutes", outputs={"y": "P"})(type("Empty", (), {}))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"feed": {"A": "dose", "N": "amount"}}, "'dose', which the space lacks"),
        ({"feed": {"A": "excess", "N": "amount"}}, "as a quantity like 'mol/m\\^3'"),
        ({"feed": {"A": "excess*minutes", "N": "amount"}}, "no meaning in units"),
        ({"time": "temperature"}, "as a quantity like|in units"),
        ({"outputs": {"y": "P"}}, "no meaning in units"),
        ({"outputs": {"y": "P / A0 + minutes"}}, "no meaning in units"),
        ({"outputs": {"y": "exp(P)"}}, "no meaning in units"),
    ],
)
def test_units_are_checked_against_the_space(arguments, match):
    """Where the model is bound, before any experiment."""
    with pytest.raises(PhysicsError, match=match):
        model(**arguments).bind(SPACE)


def test_a_category_cannot_be_read():
    """Physics reads numbers."""
    space = SearchSpace(
        Categorical("amount", ["low", "high"]),
        *(p for p in SPACE.parameters if p.name != "amount"),
    )
    with pytest.raises(PhysicsError, match="is a category"):
        model().bind(space)


def test_as_physics_says_what_is_missing():
    """A model passes; anything else gets a sentence."""
    toy = model()
    assert as_physics(toy) is toy
    with pytest.raises(PhysicsError, match="decorate it with @kinetics"):
        as_physics(int)
    with pytest.raises(PhysicsError, match="lacks name, parameters"):
        as_physics(3)
