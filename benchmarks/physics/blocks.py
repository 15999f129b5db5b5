"""Every building block of physics once, in one space: what must run alike on every device."""

from collections.abc import Mapping

import torch

from labloop.physics import (
    Arrhenius,
    At,
    Band,
    ButlerVolmer,
    By,
    Cauchy,
    Convection,
    Course,
    CurveAxis,
    Dose,
    Equilibrium,
    Fixed,
    Flux,
    Formula,
    FunctionPhysics,
    Langmuir,
    Layer,
    Mean,
    MichaelisMenten,
    Molar,
    Peak,
    PeakAt,
    PhysicsModel,
    Prior,
    Profile,
    Pulse,
    Rate,
    RateLaw,
    Rms,
    Shared,
    VantHoff,
    absorption,
    algebraic,
    diffusion,
    equilibrium,
    heat,
    kinetics,
    multilayer,
)
from labloop.space import Categorical, Continuous, SearchSpace

SPACE = SearchSpace(
    Continuous("temperature", 30, 120, unit="degC"),
    Continuous("minutes", 0.5, 60, unit="min", log=True),
    Continuous("amount", 0.05, 0.5, unit="mol/L"),
    Continuous("excess", 1, 5),
    Continuous("dosed", 5, 80, unit="mL"),
    Continuous("potential", -0.8, 0.2, unit="V"),
    Continuous("thickness", 50, 300, unit="nm"),
    Continuous("plate", 0.5, 5, unit="mm"),
    Categorical("solvent", ["DMF", "MeCN", "THF"]),
    Categorical("salt", ["a", "b"], descriptors={"a": [0.0, 1.0], "b": [2.0, 0.5]}),
)
_HOURS = CurveAxis.even(0, 60, 13, "min", y_unit="mol/L")
_NM = CurveAxis.even(400, 700, 25, "nm")
_AU = CurveAxis.even(400, 700, 25, "nm", y_unit="AU")
_K, _EA = Prior(3, "L/mol/min", fold=2.7), Prior(45, "kJ/mol", rel=0.3)


@kinetics(
    feed={"A": "amount", "N": "excess*amount"},
    time="minutes",
    temperature="temperature",
    outputs={"y": "P / A0", "most": Peak("profile"), "when": PeakAt("profile")},
    curves={"profile": Course("P", _HOURS)},
)
class MassAction:
    """Mass action with temperature, a time course, and scalars of it."""

    k1 = Arrhenius("A + N -> P", k=_K, Ea=_EA, at="90 degC")
    k2 = Arrhenius("P + N -> Q", k=_K, Ea=_EA, at="90 degC")
    k3 = Arrhenius("2 A -> D", k=_K, Ea=_EA, at="90 degC")


@kinetics(
    feed={"A": "amount", "N": "excess*amount"},
    time="minutes",
    temperature="temperature",
    outputs={"y": "P / A0"},
)
class TwoSteps:
    """Mass action as most campaigns have it: one number at the end."""

    k1 = Arrhenius("A + N -> P", k=_K, Ea=_EA, at="90 degC")
    k2 = Arrhenius("P + N -> Q", k=Prior(0.1, "L/mol/min", fold=2.7), Ea=_EA, at="90 degC")


@kinetics(
    feed={"A": "amount"},
    time="minutes",
    outputs={"y": "P / A0"},
    dose=Dose({"N": "1 mol/L"}, volume="dosed", over="20 min", into="100 mL"),
)
class Dosed:
    """A dosed vessel."""

    k1 = Rate("A + N -> P", k=Prior(2, "L/mol/min", fold=3))
    k2 = Rate("P + N -> Q", k=Prior(0.3, "L/mol/min", fold=3))


@kinetics(feed={"A": "amount"}, time="minutes", outputs={"y": "Q / A0"})
class HeldBack:
    """A surface and an enzyme."""

    r = Langmuir(
        "A -> P",
        k=Prior(3, "1/min", fold=2),
        adsorption={"A": Prior(20, "L/mol", fold=2)},
        power=2,
    )
    v = MichaelisMenten(
        "P -> Q", vmax=Prior(0.02, "mol/L/min", fold=2), Km=Prior(0.05, "mol/L", fold=2)
    )


@kinetics(feed={"A": "amount"}, time="minutes", outputs={"y": "P / A0"})
class Electrode:
    """An electrode behind a film."""

    e = ButlerVolmer(
        "A -> P",
        k0=Prior(1e-3, "cm/s", fold=3),
        E0=Prior(-0.3, "V", sd=0.05),
        potential="potential",
        area="0.5 1/cm",
        transfer=Prior(1e-3, "cm/s", fold=2),
    )


@kinetics(
    feed={"A": "amount", "N": "excess*amount"},
    time="minutes",
    outputs={"y": "P / A0"},
    reactor="cstr",
)
class Stirred:
    """A stirred flow vessel at its steady state."""

    k1 = Rate("A + N -> P", k=_K)
    k2 = Rate("P + N -> Q", k=_K)


@kinetics(
    feed={"A": "amount"},
    time="minutes",
    outputs={"y": "P / A0 / polarity"},
    lookup={"polarity": By("solvent", {"DMF": 36.7, "MeCN": 37.5, "THF": 7.6})},
)
class Categories:
    """Constants and properties by category, one-hot and by descriptors."""

    k = Rate("A -> P", k=By("salt", {s: Prior(0.1, "1/min", fold=3) for s in ("a", "b")}))


@equilibrium(
    feed={"Fe": "0.01 mol/L", "HL": "amount", "OH": "0.02 mol/L"},
    temperature="temperature",
    solvent=["H2O"],
    outputs={"y": "FeL / Fe0", "pH": "pH"},
)
class Complexes:
    """Equilibria in water."""

    Ka = Equilibrium("HL <-> H + L", K=Prior(2e-5, "mol/L", fold=2))
    Kw = Equilibrium("H2O <-> H + OH", K="1e-14 mol^2/L^2")
    K1 = VantHoff(
        "Fe + L <-> FeL",
        K=Prior(1e3, "L/mol", fold=3),
        dH=Prior(-20, "kJ/mol", sd=10),
        at="25 degC",
    )


@kinetics(
    feed={"A": "amount"},
    time="minutes",
    temperature=Profile("25 degC", [("10 min", "temperature"), ("5 min", "temperature")]),
    outputs={"y": "P / A0"},
    dose=Dose(
        {"N": "1 mol/L"},
        volume=Profile("0 mL", [("0 min", "0.2*dosed"), ("20 min", "dosed")]),
        into="100 mL",
    ),
    steps=5,
)
class Programme:
    """A temperature programme and a dosing plan at once, with a law of its own."""

    k1 = Arrhenius("A + N -> P", k=_K, Ea=_EA, at="90 degC")
    w = RateLaw("P -> W", "k * P / (P + half)", k=Prior(0.01, "mol/L/min", fold=2), half="1 mol/L")


@kinetics(
    feed={"A": "amount", "N": "excess*amount"},
    time="minutes",
    outputs={"y": "P / A0"},
    reactor="cstr",
    tanks=3,
)
class Cascade:
    """Stirred vessels in series."""

    k1 = Rate("A + N -> P", k=_K)


@kinetics(
    feed={"A": "amount", "N": "excess*amount"},
    time="minutes",
    outputs={"y": "P / A0"},
    reactor="dispersed",
    bodenstein=Prior(10, fold=1.5),
    steps=8,
)
class Dispersed:
    """A tube that mixes along its axis."""

    k1 = Rate("A + N -> P", k=_K)


_SPEED = "k * A * exp(-E/R * (1/T - 1/T1))"
_WARM = Shared("k", Prior(0.02, "1/min", fold=2))


@kinetics(
    feed={"A": "amount", "T": "temperature"},
    units={"T": "K"},
    time="minutes",
    outputs={"y": "P / A0", "hot": ("T", "K")},
    steps=15,
)
class Exotherm:
    """Concentrations and a temperature that they change."""

    r = RateLaw("A -> P", _SPEED, k=_WARM, E="70 kJ/mol", T1="333 K")
    heat = RateLaw(
        "-> T",
        f"rise * {_SPEED} - loss * (T - temperature)",
        rise=Prior(50, "K*L/mol", fold=1.5),
        loss="0.05 1/min",
        k=_WARM,
        E="70 kJ/mol",
        T1="333 K",
    )


SPECTRUM = absorption(
    {
        "P": Band(
            at=Prior(520, "nm", sd=5), width="60 nm", strength=Prior(800, "L/mol/cm", rel=0.3)
        ),
        "Q": Molar([10.0] * 25, factor=Prior(1, rel=0.1)),
    },
    of=MassAction,  # type: ignore[arg-type]  # decorators of classes are not followed
    path="1 mm",
    axis=_AU,
    outputs={"y": At("spectrum", 520, "nm"), "off": Rms("spectrum", [0.1] * 25)},
    name="spectrum",
)
LAYERS = multilayer(
    [
        Layer("thickness", Cauchy(Prior(1.46, rel=0.02), k=Prior(0.02, rel=0.5))),
        Layer("80 nm", Cauchy(Prior(2.3, rel=0.03), b="0.02 um^2")),
    ],
    substrate=1.52,
    axis=_NM,
    curves={"spectrum": "reflectance", "through": "transmittance"},
    outputs={"y": Mean("spectrum", 450, 650, "nm")},
)
ANNEAL = heat(
    length="plate",
    time="minutes",
    start="25 degC",
    conductivity=Prior(0.2, "W/m/K", fold=1.5),
    capacity="1.6e6 J/m^3/K",
    outer=Convection(h=Prior(30, "W/m^2/K", fold=2), outside="temperature"),
    source=Pulse("0.5 W/mL", over="30 s"),
    outputs={"y": ("peak", "degC"), "core": ("inner", "degC")},
    name="anneal",
)
HELD = diffusion(
    length="plate",
    time="minutes",
    start="2 mol/L",
    diffusivity=Prior(1e-9, "m^2/s", fold=3),
    outer=Fixed("0 mol/L"),
    shape="sphere",
    outputs={"y": "mean / start"},
    name="held",
)
PRESSED = heat(
    length="plate",
    time="minutes",
    start="25 degC",
    conductivity=Prior(0.2, "W/m/K", fold=1.5),
    capacity="1.6e6 J/m^3/K",
    outer=Flux("200 W/m^2"),
    shape="cylinder",
    outputs={"y": ("outer", "degC")},
    curves={"course": Course("mean", CurveAxis.even(0, 60, 7, "min", y_unit="degC"))},
    name="pressed",
)
GROWN = multilayer(
    [Layer(Formula("rate * minutes", rate=Prior(5, "nm/min", rel=0.1)), 2.3)],
    substrate=1.52,
    axis=_NM,
    curves={"spectrum": "reflectance"},
    outputs={"y": Mean("spectrum")},
    name="grown",
)
ISOTHERM = algebraic(
    {"y": "K * amount / (1 + K * amount)"},
    constants={"K": Prior(5, "L/mol", fold=3)},
    name="isotherm",
)
FUNCTION = FunctionPhysics(
    lambda x, theta: {"y": x["amount"] / (x["amount"] + theta["half"] * torch.ones(()))},
    parameters={"half": Prior(0.1, "mol/L", fold=3)},
    inputs={"amount": "mol/L"},
    outputs=["y"],
    name="function",
)
BLOCKS: Mapping[str, PhysicsModel] = {
    model.name: model  # type: ignore[misc,union-attr]  # nor here
    for model in (
        MassAction, TwoSteps, Dosed, HeldBack, Electrode, Stirred, Categories, Complexes, SPECTRUM,
        LAYERS, ANNEAL, HELD, PRESSED, Programme, Cascade, Dispersed, Exotherm,
        GROWN, ISOTHERM, FUNCTION,
    )
}  # fmt: skip
