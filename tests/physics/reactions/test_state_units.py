"""What is no concentration: masses, thicknesses, moistures, temperatures that change in time."""

import math

import pytest
import torch
from scipy.integrate import quad

from labloop.errors import PhysicsError
from labloop.physics import (
    Course,
    CurveAxis,
    Dose,
    Prior,
    Profile,
    Rate,
    RateLaw,
    Shared,
    bind,
    kinetics,
)
from labloop.space import Continuous, SearchSpace
from labloop.testing.physics import assert_physics

SPACE = SearchSpace(
    Continuous("minutes", 5, 240, unit="min"),
    Continuous("warm", 20, 80, unit="degC"),
    Continuous("grams", 1, 50, unit="g/L"),
    Continuous("amount", 0.05, 1, unit="mol/L"),
    Continuous("pressure", 0.1, 3, unit="bar"),
)
NONE = torch.zeros(0, dtype=torch.float64)


def model(laws, **changes):
    """Return a kinetic model."""
    arguments = {"feed": {"solid": "grams"}, "time": "minutes", "outputs": {"y": "solid / grams"}}
    return kinetics(**{**arguments, **changes})(type("Model", (), laws))


def predicted(made, **point):
    """Return the outputs at a point, at the medians."""
    usual = {"minutes": 60.0, "warm": 50.0, "grams": 20.0, "amount": 0.5, "pressure": 1.0}
    encoded = torch.tensor(SPACE.encode([{**usual, **point}]))
    z = torch.zeros(len(made.parameters), dtype=torch.float64)
    return bind(made, SPACE).predict(encoded, z)[0].tolist()


@pytest.mark.parametrize("minutes", [10.0, 60.0, 119.0, 200.0])
def test_a_shrinking_particle(minutes):
    """The cube root falls in a straight line to nothing (Hixson & Crowell, 1931), whatever unit."""
    law = RateLaw("solid -> gone", "3 * solid0 / life * (solid / solid0)**(2/3)", life="120 min")
    units = {"solid": "g/L", "gone": "mg/L"}
    made = model({"r": law}, units=units, outputs={"y": "solid / solid0", "z": "gone / solid0"})
    left = max(1 - minutes / 120, 0.0) ** 3
    assert predicted(made, minutes=minutes) == pytest.approx([left, 1 - left], abs=1e-5)


def test_a_filter_cake():
    """The volume grows with the root of time as Darcy's law says."""
    law = RateLaw("-> V", "area * pressure / (medium + cake * V / area)",
                  area="10 cm^2", medium="3e8 Pa*s/m", cake="2e11 Pa*s/m^2")  # fmt: skip
    made = model({"f": law}, feed={}, units={"V": "mL"}, outputs={"y": ("V", "mL")})
    medium, cake, seconds, pascal = 3e8, 2e11, 3600.0, 2e5
    speed = (math.sqrt(medium**2 + 2 * cake * pascal * seconds) - medium) / cake
    assert predicted(made, pressure=2.0) == pytest.approx([speed * 1e-3 * 1e6], rel=1e-4)


def test_the_lethality_of_a_heating():
    """F0, minutes at 121.1 degC with z = 10 K, is the integral along the programme."""
    law = RateLaw("-> F", "10**((T - base) / z)", base="394.25 K", z="10 K")
    course = Profile("20 degC", [("30 min", "warm + 45 K"), ("20 min", "warm + 45 K")])
    made = model({"f": law}, feed={}, units={"F": "min"}, temperature=course,
                 outputs={"y": ("F", "min")}, steps=60)  # fmt: skip
    hot = 75.0 + 45.0

    def speed(minute):
        return 10 ** ((20 + (hot - 20) * min(minute / 30, 1.0) - 121.1) / 10)

    known, _ = quad(speed, 0, 60, points=[30.0])
    assert predicted(made, warm=75.0) == pytest.approx([known], rel=1e-4)


K, E = Shared("k", Prior(0.02, "1/min", fold=2)), Shared("E", Prior(70, "kJ/mol", rel=0.2))
SPEED = "k * A * exp(-E/R * (1/T - 1/at0))"


def exotherm(rise, loss, **changes):
    """Return a batch that warms itself by its reaction and cools through its wall."""
    laws = {
        "r": RateLaw("A -> P", SPEED, k=K, E=E, at0="333 K"),
        "warms": RateLaw("-> T", f"rise * {SPEED} - loss * (T - warm)",
                         rise=rise, k=K, E=E, at0="333 K", loss=loss),
    }  # fmt: skip
    given = {"feed": {"A": "amount", "T": "warm"}, "units": {"T": "K"}}
    outputs = {"y": "P / A0", "T": ("T", "K")}
    return model(laws, **{**given, "outputs": {"y": "P / A0", "hot": outputs["T"]}, **changes})


def test_without_loss_the_temperature_rises_with_conversion():
    """Adiabatic: T - T0 is the rise for each mole times what has reacted."""
    conversion, kelvin = predicted(exotherm("60 K*L/mol", "0 1/min"), amount=0.8)
    assert 0.1 < conversion <= 1
    assert kelvin - 323.15 == pytest.approx(60 * 0.8 * conversion, rel=1e-9)


def test_a_stirred_tank_with_its_heat_balance():
    """At the steady state what is made leaves, in moles and in kelvin."""
    made = exotherm("60 K*L/mol", "0.05 1/min", reactor="cstr")
    conversion, kelvin = predicted(made, amount=0.8)
    over = kelvin - 323.15
    assert over * (1 + 0.05 * 60) == pytest.approx(60 * 0.8 * conversion, rel=1e-7)
    k = 0.02 * math.exp(-70e3 / 8.31446261815324 * (1 / kelvin - 1 / 333))
    assert conversion == pytest.approx(k * 60 / (1 + k * 60), rel=1e-7)


ADSORPTION = model(
    {"up": RateLaw("c -> q", "k * (load * most * K * c / (1 + K * c) - q)",
                   k=Prior(0.1, "1/min", fold=2), most=Prior(2, "mmol/g", fold=2),
                   K=Prior(5, "L/mol", fold=3), load="100 g/L")},
    feed={"c": "amount"}, outputs={"y": "c / c0"},
)  # fmt: skip


def test_adsorption_ends_on_its_isotherm():
    """After a long time the loading is that of Langmuir at what is left."""
    (left,) = predicted(ADSORPTION, minutes=240.0)
    c = 0.5 * left
    assert 0.5 * (1 - left) == pytest.approx(100 * 2e-3 * 5 * c / (1 + 5 * c), rel=1e-6)


GROWTH = {"G": Shared("G", Prior(1, "um/min", fold=1.5)), "sat": "200 g/L", "slope": "0.02 1/K"}
OVER = "(c - sat * exp(slope * (T - 333 K))) / 10 g/L"
CRYSTALS = model(
    {
        "one": RateLaw("-> m1", f"G * n * {OVER}", **GROWTH),
        "two": RateLaw("-> m2", f"2 * G * m1 * {OVER}", **GROWTH),
        "three": RateLaw("c -> m3", f"3 * rho * G * m2 * {OVER}", rho="0.7 g/mL", **GROWTH),
        "born": RateLaw("-> n", f"B * ({OVER})**2", B=Prior(1e4, "1/L/min", fold=2),
                        sat="200 g/L", slope="0.02 1/K"),
    },
    feed={"c": "250 g/L", "m3": "grams", "m2": "grams * 15 m^2/g", "m1": "grams * 3e5 m/g",
          "n": "grams * 5e9 1/g"},
    units={"c": "g/L", "m3": "g/L", "m2": "m^2/L", "m1": "m/L", "n": "1/L"},
    temperature=Profile("60 degC", [("minutes", "warm - 20 K")]),
    outputs={"y": "m3 / c0", "size": ("m1 / n", "um")},
)  # fmt: skip
FILM = model(
    {"grows": RateLaw("-> film", "s * amount * exp(-film / 300 nm)",
                      s=Prior(4, "nm*L/mol/min", fold=2))},
    feed={"film": "2 nm"}, units={"film": "nm"}, outputs={"y": ("film", "nm")},
    curves={"course": Course("film", CurveAxis.even(0, 240, 3, "min", y_unit="nm"))},
)  # fmt: skip
SOUND = {
    "film": FILM,
    "adsorption": ADSORPTION,
    "exotherm": exotherm(Prior(50, "K*L/mol", fold=1.5), Prior(0.05, "1/min", fold=2)),
}


@pytest.mark.parametrize("made", SOUND.values(), ids=SOUND)
def test_models_of_several_kinds_are_sound(made):
    """Totals where there are any, gradients, batches and steps hold in every unit."""
    assert_physics(made, SPACE)


def test_crystals_grow_while_the_solution_cools():
    """Mass is kept, cooling brings the solution to its solubility, nuclei make crystals smaller."""
    bound = bind(CRYSTALS, SPACE)
    point = {"minutes": 240.0, "warm": 40.0, "grams": 10.0, "amount": 0.5, "pressure": 1.0}
    encoded = torch.tensor(SPACE.encode([point])).expand(2, -1)
    z = torch.zeros(2, bound.dimension, dtype=torch.float64)
    z[1, [p.name for p in CRYSTALS.parameters].index("born.B")] = 4.0
    kept = CRYSTALS.balances(bound.inputs_si(encoded), bound.theta(z))
    assert {what: float(change.abs().max()) < 1e-12 for what, change in kept.items()} == {
        "c + m3": True
    }
    found = bound.predict(encoded, z)
    saturated = 200 * math.exp(0.02 * (20 - 59.85))
    assert float(found[0, 0]) * 250 == pytest.approx(250 + 10 - saturated, rel=0.05)
    assert float(found[1, 1]) < float(found[0, 1])


def test_an_experiment_has_the_same_bits_alone_and_in_a_batch():
    """Also where quantities of several kinds are solved for."""
    bound = bind(SOUND["exotherm"], SPACE)
    points = torch.rand(30, 5, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    z = torch.zeros(30, bound.dimension, dtype=torch.float64)
    with torch.no_grad():
        every = bound.predict(points, z)
        assert torch.equal(bound.predict(points[7:8], z[:1])[0], every[7])


DISSOLVES = RateLaw("solid -> c", "k * solid", k="0.1 1/min")


@pytest.mark.parametrize(
    ("laws", "changes", "said"),
    [
        ({"r": DISSOLVES}, {"units": {"solid": "g/L", "c": "g/L", "salt": "g"}}, "names salt"),
        ({"r": DISSOLVES}, {"units": {"solid": "g/L", "c": "nm"}}, "not of one kind"),
        ({"r": DISSOLVES}, {"units": {"solid": "degC", "c": "degC"}}, "write K"),
        ({"r": RateLaw("solid -> c", "k * minutes", k="1 g/L")},
         {"units": {"solid": "g/L", "c": "g/L"}}, "'g/L/s'"),
        ({"r": Rate("solid + solid -> c", "1 L/mol/min")},
         {"units": {"solid": "g/L", "c": "g/L"}}, "write its rate as RateLaw"),
        ({"r": DISSOLVES},
         {"units": {"solid": "g/L", "c": "g/L"},
          "dose": Dose({"c": "1 g/L"}, volume="1 mL", over="1 min", into="1 mL")},
         "units= and dose="),
        ({"r": DISSOLVES}, {"units": {"solid": "g", "c": "g"}}, "like 'g'"),
        ({"r": Rate("-> c", "1 mol/L/min")}, {}, "which is no species"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_sentence(laws, changes, said):
    """A unit of nothing, kinds that are mixed, rates of another dimension, a dose."""
    with pytest.raises(PhysicsError, match=said):
        model(laws, **changes).bind(SPACE)


def test_a_rate_of_first_order_needs_no_unit_of_concentration():
    """Half of it is gone after ln 2 over k, be it grams or moles."""
    made = model({"r": Rate("solid -> gone", "0.01 1/min")}, units={"solid": "g/L", "gone": "g/L"})
    assert predicted(made, minutes=60.0) == pytest.approx([math.exp(-0.6)], rel=1e-6)
