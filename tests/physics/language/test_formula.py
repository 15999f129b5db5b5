"""A coefficient that is arithmetic of learned constants and parameters of the space."""

import math

import pytest
import torch

from labloop.errors import PhysicsError
from labloop.physics import (
    CurveAxis,
    Fixed,
    Formula,
    Layer,
    Mean,
    Prior,
    Rate,
    Shared,
    bind,
    diffusion,
    kinetics,
    multilayer,
    with_priors,
)
from labloop.space import Continuous, SearchSpace
from labloop.testing.physics import assert_physics

SPACE = SearchSpace(
    Continuous("minutes", 1, 20, unit="min"),
    Continuous("temperature", 20, 80, unit="degC"),
    Continuous("load", 0.5, 10, unit="%"),
)
POINTS = torch.tensor(
    SPACE.encode([{"minutes": m, "temperature": 50.0, "load": 2.0} for m in (2.0, 7.0, 15.0)])
)
NONE = torch.zeros(0, dtype=torch.float64)


def film(thickness):
    """Return one layer on glass."""
    return multilayer(
        [Layer(thickness, 2.3)],
        substrate=1.52,
        axis=CurveAxis.even(400, 800, 9, "nm"),
        curves={"s": "reflectance"},
        outputs={"y": Mean("s")},
    )


def decay(k):
    """Return a first-order decay."""
    return kinetics(feed={"A": "1 mol/L"}, time="minutes", outputs={"y": "A / A0"})(
        type("Decay", (), {"r": Rate("A -> P", k=k)})
    )


def test_a_thickness_is_a_learned_rate_times_a_time():
    """The rate is the only constant, in its own unit, and a layer of rate x time is meant."""
    model = film(Formula("rate * minutes", rate=Prior(10, "nm/min", fold=1.5)))
    assert [(p.name, p.unit) for p in model.parameters] == [("thickness1.rate", "nm/min")]
    known = film("10 nm/min * minutes")
    found = bind(model, SPACE).predict(POINTS, torch.zeros(1, dtype=torch.float64))
    assert found == pytest.approx(bind(known, SPACE).predict(POINTS, NONE), rel=1e-12)
    assert_physics(model, SPACE)


def test_a_diffusivity_that_follows_arrhenius():
    """R is the gas constant; the formula is evaluated in SI, temperatures in K."""
    model = diffusion(
        length="1 mm",
        time="minutes",
        start="1 mol/L",
        outer=Fixed("0 mol/L"),
        diffusivity=Formula(
            "D * exp(-Ea/R * (1/temperature - 1/at))",
            D=Prior(1e-9, "m^2/s", fold=3),
            Ea=Prior(40, "kJ/mol", rel=0.2),
            at="298.15 K",
        ),
        outputs={"y": "mean / start"},
    )
    hot = 1e-9 * math.exp(-40e3 / 8.31446261815324 * (1 / 323.15 - 1 / 298.15))
    known = diffusion(
        length="1 mm",
        time="minutes",
        start="1 mol/L",
        outer=Fixed("0 mol/L"),
        diffusivity=f"{hot!r} m^2/s",
        outputs={"y": "mean / start"},
    )
    found = bind(model, SPACE).predict(POINTS, torch.zeros(2, dtype=torch.float64))
    assert found == pytest.approx(bind(known, SPACE).predict(POINTS, NONE), rel=1e-9)
    assert_physics(model, SPACE)


def test_a_shared_constant_is_learned_once():
    """Two formulas with one Shared constant have one parameter, and with_priors reaches it."""
    rate = Shared("rate", Prior(10, "nm/min", fold=1.5))
    model = multilayer(
        [Layer(Formula("rate * minutes", rate=rate), n) for n in (2.3, 1.46)],
        substrate=1.52,
        axis=CurveAxis.even(400, 800, 9, "nm"),
        curves={"s": "reflectance"},
        outputs={"y": Mean("s")},
    )
    assert [p.name for p in model.parameters] == ["rate"]
    slower = with_priors(model, {"rate": Prior(5, "nm/min", fold=1.5)})
    zero = torch.zeros(1, dtype=torch.float64)
    assert not torch.equal(
        bind(model, SPACE).predict(POINTS, zero), bind(slower, SPACE).predict(POINTS, zero)
    )


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (Formula("k * load", k=Prior(1, "min", fold=2)), "expected a quantity like '1/s'"),
        (Formula("k", k=Prior(1, "1/min", fold=2), Ea=3), "does not use Ea"),
        (Formula("k * load", k="load"), "stands in the arithmetic itself"),
        (Formula("k ? load", k=3), "is no arithmetic"),
        (Formula("k * pressure", k=Prior(1, "1/min", fold=2)), "'pressure', which the space lacks"),
    ],
)  # fmt: skip
def test_what_is_no_formula_is_one_sentence(formula, said):
    """Units, unused constants, constants that are read, and unknown names are told."""
    with pytest.raises(PhysicsError, match=said.replace("(", r"\(")):
        decay(formula).bind(SPACE)


def test_a_constant_in_mol_percent():
    """A catalyst in mol% of the feed needs no factor: units carry it."""
    model = decay(Formula("k * load", k=Prior(3, "1/min", fold=2)))
    found = bind(model, SPACE).predict(POINTS[:1], torch.zeros(1, dtype=torch.float64))
    assert float(found) == pytest.approx(math.exp(-3 * 0.02 * 2), rel=1e-5)
