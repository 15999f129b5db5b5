"""Heat and diffusion agree with closed forms, keep what they carry, and are refused in words."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.special import erfc, j0, j1

from labloop.errors import PhysicsError
from labloop.physics import (
    Convection,
    Course,
    CurveAxis,
    Fixed,
    Flux,
    Insulated,
    Peak,
    Prior,
    Pulse,
    check_physics,
    diffusion,
    heat,
)
from labloop.space import Continuous, SearchSpace
from labloop.testing.physics import assert_physics

SPACE = SearchSpace(
    Continuous("thickness", 0.5, 5, unit="mm"),
    Continuous("time", 1, 300, unit="s", log=True),
    Continuous("power", 0, 5, unit="W/mL"),
    Continuous("pulse", 0.5, 60, unit="s"),
)
POINT = {"thickness": 2.0, "time": 10.0, "power": 1.0, "pulse": 4.0}
BODY = {
    "length": "thickness",
    "time": "time",
    "start": "25 degC",
    "conductivity": Prior(0.2, "W/m/K", fold=1.5),
    "capacity": "1e6 J/m^3/K",
}
READ = {side: (side, "degC") for side in ("inner", "outer", "mean", "peak")}
AIR = Convection(Prior(30, "W/m^2/K", fold=2), "25 degC")


def at(model, **point):
    """Return output -> value at a point, at the prior's median."""
    bound = model.bind(SPACE)
    encoded = torch.tensor(SPACE.encode([{**POINT, **point}]))
    found = bound.predict(encoded, torch.zeros(bound.dimension, dtype=torch.float64))[0]
    return dict(zip(model.outputs, found.tolist(), strict=True))


def hot(**more):
    """Return a body, by default with a heated and cooled surface."""
    return heat(**{**BODY, "outputs": READ, "outer": AIR, **more})


# 2 mm of 2e-7 m^2/s after 10 s
FOURIER = 2e-7 * 10 / 2e-3**2


def test_a_slab_with_a_held_surface_is_the_series():
    """Middle and mean of a slab that is held at 100 degC at its surface."""
    n = np.arange(200) + 0.5
    decay = np.exp(-((n * np.pi) ** 2) * FOURIER)
    middle = 100 - 75 * 2 * ((-1.0) ** np.arange(200) / (n * np.pi) * decay).sum()
    mean = 100 - 75 * 2 * (decay / (n * np.pi) ** 2).sum()
    found = at(hot(outer=Fixed("100 degC")))
    assert found["inner"] == pytest.approx(middle, abs=0.05)
    assert found["mean"] == pytest.approx(mean, abs=0.05)
    assert found["outer"] == pytest.approx(100)


def test_a_sphere_and_a_cylinder_are_the_series():
    """The mean of bodies whose surface is held."""
    n = np.arange(1, 200)
    sphere = 6 / np.pi**2 * (np.exp(-((n * np.pi) ** 2) * FOURIER) / n**2).sum()
    found = at(hot(shape="sphere", outer=Fixed("100 degC")))
    assert found["mean"] == pytest.approx(100 - 75 * sphere, abs=0.1)
    roots = [brentq(j0, (k - 0.5) * np.pi, (k + 0.25) * np.pi) for k in range(1, 60)]
    cylinder = sum(4 / r**2 * math.exp(-(r**2) * FOURIER) for r in roots)
    middle = sum(2 / (r * j1(r)) * math.exp(-(r**2) * FOURIER) for r in roots)
    found = at(hot(shape="cylinder", outer=Fixed("100 degC")))
    assert found["mean"] == pytest.approx(100 - 75 * cylinder, abs=0.1)
    assert found["inner"] == pytest.approx(100 - 75 * middle, abs=0.3)


def test_a_flux_into_a_thick_slab_warms_its_surface_like_the_root_of_time():
    """2 q sqrt(t / (pi k c)), as long as the other side knows nothing of it."""
    found = at(hot(outer=Flux("1000 W/m^2"), cells=100), thickness=5.0, time=10.0)
    exact = 25 + 2 * 1000 * math.sqrt(10 / (math.pi * 0.2 * 1e6))
    assert found["outer"] == pytest.approx(exact, abs=0.02)
    assert found["inner"] == pytest.approx(25, abs=0.1)


def test_convection_warms_a_thick_slab_by_the_closed_form():
    """1 - exp(h^2 a t / k^2) erfc(h sqrt(a t) / k) at the surface."""
    found = at(hot(outer=Convection("200 W/m^2/K", "100 degC"), cells=100), thickness=5.0)
    film = 200 * math.sqrt(2e-7 * 10) / 0.2
    exact = 100 - 75 * math.exp(film**2) * erfc(film)
    assert found["outer"] == pytest.approx(exact, abs=0.05)


def test_a_pulse_heats_an_insulated_body_by_what_it_brings():
    """1 W/mL for 4 s into 1 J/mL/K is 4 K, everywhere, whenever it is read after it."""
    model = hot(outer=Insulated(), source=Pulse("power", over="pulse"))
    for seconds in (5.0, 300.0):
        assert at(model, time=seconds) == pytest.approx(dict.fromkeys(READ, 29.0), abs=1e-9)
    assert at(model, time=2.0)["mean"] == pytest.approx(27.0, abs=1e-9)


def test_a_pulse_is_hottest_at_its_end():
    """Read when all is cold again, the peak is still told."""
    model = hot(source=Pulse("power", over="pulse"))
    cold, short = at(model, time=300.0), at(model, time=4.0)
    assert cold["peak"] == pytest.approx(short["peak"], abs=1e-9)
    assert cold["peak"] > cold["inner"] + 2


@pytest.mark.parametrize("outer", [AIR, Insulated()])
def test_a_course_over_time_passes_through_what_is_read_at_each_time(outer):
    """A thermocouple at the surface, during the pulse and after it; flat after the end."""
    axis = CurveAxis((0.0, 2.0, 4.0, 30.0, 100.0, 200.0), "s", y_unit="degC")
    pulse = Pulse("power", over="pulse")
    outputs = {"hottest": Peak("trace"), "outer": ("outer", "degC")}
    model = hot(outer=outer, source=pulse, outputs=outputs, curves={"trace": Course("outer", axis)})
    bound = model.bind(SPACE)
    encoded = torch.tensor(SPACE.encode([{**POINT, "time": 100.0}] * 2))
    z = torch.zeros(2, bound.dimension, dtype=torch.float64)
    trace = bound.predict_all(encoded, z)[1, bound.curve_columns["trace"]].tolist()
    single = [at(model, time=seconds)["outer"] for seconds in axis.values[1:5]]
    assert trace == pytest.approx([25.0, *single, single[-1]], abs=1e-9)
    assert float(bound.predict(encoded, z)[0, 0]) == pytest.approx(max(trace))
    assert_physics(model, SPACE)


@pytest.mark.parametrize("shape", ["slab", "cylinder", "sphere"])
def test_energy_is_kept_and_the_self_test_passes(shape):
    """With a source and a cooled surface: what is stored came in or was made."""
    model = hot(shape=shape, source=Pulse("power", over="pulse"))
    check = check_physics(model, SPACE)
    assert check.passed, str(check)
    assert "energy (stored = in + made) is kept" in str(check)


def test_two_walls_end_at_a_straight_line():
    """After a long time a slab between 0 and 100 degC is at 50 in the middle."""
    model = hot(inner=Fixed("0 degC"), outer=Fixed("100 degC"), outputs={"m": ("mean", "degC")})
    assert at(model, thickness=0.5, time=300.0)["m"] == pytest.approx(50, abs=1e-6)
    assert_physics(model, SPACE)


def test_a_film_dries():
    """Half an hour's share left, as the series says, and never below nothing."""
    drying = diffusion(
        length="thickness",
        time="time",
        start="2 mol/L",
        diffusivity=Prior(2e-8, "m^2/s", fold=3),
        outer=Fixed("0 mol/L"),
        outputs={"left": "mean / start", "deep": ("inner", "mol/L")},
    )
    n = np.arange(100) + 0.5
    exact = 2 * (np.exp(-((n * np.pi) ** 2) * 2e-8 * 100 / 4e-6) / (n * np.pi) ** 2).sum()
    assert at(drying, time=100.0)["left"] == pytest.approx(exact, abs=1e-3)
    assert [p.name for p in drying.parameters] == ["diffusivity"]
    assert_physics(drying, SPACE)


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"shape": "cube"}, "'slab', 'cylinder' or 'sphere'"),
        ({"shape": "sphere", "inner": Fixed("3 K")}, "its middle inside"),
        ({"outer": 3}, "must be Insulated"),
        ({"cells": 2}, "from 4 to 200"),
        ({"outer": Convection("3 W", "3 K")}, "expected a quantity like 'W/m\\^2/K'"),
        ({"source": Pulse("3 W")}, "expected a quantity like 'W/m\\^3'"),
    ],
)
def test_a_definition_that_means_nothing_is_refused(more, match):
    """Where it is written, with a sentence."""
    with pytest.raises(PhysicsError, match=match):
        hot(**more)
