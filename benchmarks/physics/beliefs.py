"""The physics that a planner is given in the six laboratories, as its user would write it.

Constants, gaps and mistakes come from ``draws.py``. The width of the priors is the same
everywhere and is what the user honestly thinks: rates within a factor 2.7, energies and other
well-known numbers within 30 %, a pKa within 0.4.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from benchmarks.physics.draws import Draw, is_acidity, is_share
from benchmarks.physics.truth import FRACTIONS, WAVELENGTHS
from labloop.physics import (
    Arrhenius,
    By,
    CurveAxis,
    FunctionPhysics,
    PhysicsModel,
    Prior,
    kinetics,
)
from labloop.units import quantity

GAS = 8.31446261815324e-3
ZERO_C = 273.15
_SI = {"1": "1", "1/min": "1/s", "L/mol/min": "m^3/mol/s", "kJ/mol": "J/mol"}
Values = Mapping[str, Tensor]


def believe(name: str, drawn: Draw) -> PhysicsModel:
    """Return the physics of a lab as drawn."""
    return _MAKERS[name](drawn)


def _prior(name: str, value: float, unit: str = "1") -> Prior:
    if is_acidity(name):
        return Prior(value, unit, sd=0.4)
    return Prior(value, unit, rel=0.3) if is_share(name) else Prior(value, unit, fold=2.7)


def _priors(drawn: Draw, *without: str) -> dict[str, Prior]:
    left_out = {*without, drawn.removed}
    return {n: _prior(n, v) for n, v in drawn.values.items() if n not in left_out}


def _arrhenius(k: Tensor, energy: Tensor, celsius: Tensor, at: float) -> Tensor:
    return k * torch.exp(-energy / GAS * (1.0 / (celsius + ZERO_C) - 1.0 / (at + ZERO_C)))


def _steps(drawn: Draw, reactions: Mapping[str, tuple[str, str, str]]) -> dict[str, Arrhenius]:
    """Return the reactions that are not removed: label -> (equation, unit of k, its energy).

    Where the sign is wrong, rates are believed to fall when it gets hotter.
    """
    steps = {}
    for label, (equation, unit, energy) in reactions.items():
        if label == drawn.removed:
            continue
        value = drawn.values[energy]
        barrier = _prior(energy, value, "kJ/mol")
        if drawn.variant == "sign":
            barrier = Prior(-value, "kJ/mol", sd=0.2 * value)
        steps[label] = Arrhenius(
            equation, k=_prior(label, drawn.values[label], unit), Ea=barrier, at="90 degC"
        )
    return steps


def _in_si(prior: Prior) -> Prior:
    """Return the same belief in SI."""
    factor = float(quantity(1.0, prior.unit).to_base_units().magnitude)
    sd = None if prior.sd is None else prior.sd * factor
    return replace(prior, median=prior.median * factor, unit=_SI[prior.unit], sd=sd)


def _valued(
    model: PhysicsModel, inputs: Mapping[str, str], value: Callable[[Values, Values], Tensor]
) -> PhysicsModel:
    """Return a model that also predicts ``value``: arithmetic of its outputs and the inputs."""

    def predict(x: Values, theta: Values) -> Values:
        # torch forgot a type here and there. An annotation would be another code, and ask for
        # all runs again; a comment does not.
        stacked = torch.stack(torch.broadcast_tensors(*theta.values()), dim=-1)  # type: ignore[no-untyped-call]
        found = model.predict(x, stacked)
        named = {name: found[..., i] for i, name in enumerate(model.outputs)}
        return {"value": value(x, named), **named}

    # The model itself calculates in SI, so the function around it declares SI.
    priors = {p.name: _in_si(p.prior) for p in model.parameters}
    return FunctionPhysics(predict, priors, inputs, ["value", *model.outputs], name=model.name)


def consecutive(drawn: Draw) -> PhysicsModel:
    """A to B to C with a catalyst; the other mechanism makes C first and B from it."""
    first, last = ("C", "B") if drawn.variant == "mechanism" else ("B", "C")
    reactions = {
        "k1": (f"A + K -> {first} + K", "L/mol/min", "E1"),
        "k2": (f"{first} -> {last}", "1/min", "E2"),
        "kd": ("K -> X", "1/min", "Ed"),
        "k3": ("A + A -> D", "L/mol/min", "E3"),
    }
    model = kinetics(
        feed={"A": "0.2 mol/L", "K": "catalyst"},
        time="residence_time",
        temperature="temperature",
        outputs={"left": "A / A0", "product": "B / A0", "waste": "C / A0"},
    )(type("Consecutive", (), _steps(drawn, reactions)))

    def value(x: Values, y: Values) -> Tensor:
        cost = 0.8e-3 * x["catalyst"] + 0.006 / 60.0 * x["residence_time"]
        return y["product"] - 0.5 * y["waste"] - cost

    return _valued(model, {"temperature": "K", "residence_time": "s", "catalyst": "mol/m^3"}, value)


def snar(drawn: Draw) -> PhysicsModel:
    """Two products side by side; the other mechanism needs no N and isomerizes."""
    reactions = {
        "k1": ("A + N -> P", "L/mol/min", "E1"),
        "k2": ("A + N -> Q", "L/mol/min", "E2"),
        "k3": ("P + N -> Bis", "L/mol/min", "E3"),
        "k4": ("Q + N -> Bis", "L/mol/min", "E4"),
        "kl": ("N -> X", "1/min", "El"),
    }
    if drawn.variant == "mechanism":
        reactions |= {
            "k1": ("A + A -> Q + Bis", "L/mol/min", "E1"),
            "k2": ("Q -> P", "1/min", "E2"),
            "k3": ("N + N -> P + P", "L/mol/min", "E3"),
        }
    model = kinetics(
        feed={"A": "concentration", "N": "equivalents*concentration"},
        time="residence_time",
        temperature="temperature",
        outputs={"left": "A / A0", "ortho": "P / A0", "para": "Q / A0", "bis": "Bis / A0"},
    )(type("SNAr", (), _steps(drawn, reactions)))

    def value(x: Values, y: Values) -> Tensor:
        cost = 0.03 * x["equivalents"] + 0.015 / 60.0 * x["residence_time"]
        return y["ortho"] - y["para"] - y["bis"] - cost

    inputs = {
        "temperature": "K",
        "residence_time": "s",
        "equivalents": "1",
        "concentration": "mol/m^3",
    }
    return _valued(model, inputs, value)


def enzyme(drawn: Draw) -> PhysicsModel:
    """Michaelis-Menten with what is not removed; wrong: hydrolysis by base alone."""
    sign = -1.0 if drawn.variant == "sign" else 1.0
    has = {name: name != drawn.removed for name in ("Kp", "Ksi", "kd")}
    without = () if has["kd"] else ("Ed",)

    def pace(x: Values, theta: Values) -> Tensor:
        rate = _arrhenius(theta["kcat"], sign * theta["Ecat"], x["temperature"] - ZERO_C, 37.0)
        if drawn.variant == "mechanism":
            return rate * 10.0 ** (x["pH"] - 2.0 - theta["pKa1"])
        acid, base = theta["pKa1"] - x["pH"], x["pH"] - theta["pKa2"]
        return rate * x["enzyme"] / (1.0 + 10.0**acid + 10.0**base)

    def predict(x: Values, theta: Values) -> Values:
        rate, end = pace(x, theta), x["duration"] / 60.0
        dying = torch.zeros_like(rate)
        if has["kd"]:
            dying = _arrhenius(theta["kd"], sign * theta["Ed"], x["temperature"] - ZERO_C, 45.0)
        fed = x["substrate"] * torch.ones_like(rate)
        s, at, course = fed, 0.0, []

        def slowed(s: Tensor) -> Tensor:
            bound = theta["Km"] * (1.0 + ((fed - s) / theta["Kp"] if has["Kp"] else 0.0))
            return bound + s * (1.0 + (s / theta["Ksi"] if has["Ksi"] else 0.0))

        for mark in FRACTIONS:
            for _ in range(12):
                h = (mark - at_start(mark)) / 12.0
                drive = rate * torch.exp(-dying * end * (at + 0.5 * h)) * h * end
                half = s / (1.0 + 0.5 * drive / slowed(s))
                s = s / (1.0 + drive / slowed(half))
                at += h
            course.append(fed - s)
        made = course[-1]
        value = 100.0 * made / fed + 25.0 * torch.log(fed / 20.0)
        value = value - 40.0 * x["enzyme"] - 3.0 * x["duration"] / 3600.0
        return {"value": value, "course": torch.stack(course, dim=-1)}

    inputs = {
        "substrate": "mol/m^3",
        "enzyme": "kg/m^3",
        "temperature": "K",
        "pH": "1",
        "duration": "s",
    }
    axis = CurveAxis(FRACTIONS, "1", "mmol/L")
    return FunctionPhysics(
        predict, _priors(drawn, *without), inputs, ["value"], "Enzyme", {"course": axis}
    )


def at_start(mark: float) -> float:
    """Return where the stretch that ends at ``mark`` begins."""
    index = FRACTIONS.index(mark)
    return FRACTIONS[index - 1] if index else 0.0


def coating(drawn: Draw) -> PhysicsModel:
    """Transfer matrices; wrong: high and low index changed over, or absorption alone."""
    waves = torch.tensor(WAVELENGTHS)
    green = 550.0 / waves
    inside = (waves > 505) & (waves < 595)
    first, second = ("h", "l") if drawn.variant != "sign" else ("l", "h")

    def matrices(x: Values, theta: Values) -> Tensor:
        bend = 1.0 + 0.0 * green
        if drawn.removed != "dispersion":
            bend = 1.0 + theta["dispersion"][..., None] * (green**2 - 1.0)
        lost = 0.0 * green
        if drawn.removed != "absorption":
            lost = theta["absorption"][..., None] * green**3
        high = torch.complex(1.0 + theta["index_h"][..., None] * (1.0 + 4.0 * (bend - 1.0)), -lost)
        low = 1.0 + theta["index_l"][..., None] * bend + 0.0j
        index = {"h": high, "l": low}
        b, e = torch.ones((), dtype=torch.complex128), torch.tensor(1.52 + 0.0j)
        for layer, kind in (
            ("layer4", second),
            ("layer3", first),
            ("layer2", second),
            ("layer1", first),
        ):
            n = index[kind]
            nm = (theta[f"rate_{kind}"] * x[layer])[..., None]
            phase = 2.0 * torch.pi * n * nm / waves
            cos, sin = torch.cos(phase), torch.sin(phase)
            b, e = cos * b + 1j * sin / n * e, 1j * n * sin * b + cos * e
        found: Tensor = ((b - e) / (b + e)).abs() ** 2
        return found

    def thick(x: Values, theta: Values) -> Tensor:
        """Return what a mirror behind the layers would give if they only absorbed."""
        nm = sum(x[f"layer{i}"] * theta[f"rate_{'hl'[(i + 1) % 2]}"] for i in (1, 2, 3, 4))
        depth = theta["index_h"] * torch.as_tensor(nm) / 600.0
        return torch.exp(-depth[..., None] * green**2) * theta["index_l"][..., None]

    def predict(x: Values, theta: Values) -> Values:
        r = thick(x, theta) if drawn.variant == "mechanism" else matrices(x, theta)
        value = r[..., inside].mean(-1) - 1.5 * r[..., ~inside].mean(-1)
        return {"value": value, "spectrum": r}

    inputs = dict.fromkeys(("layer1", "layer2", "layer3", "layer4"), "s")
    axis = CurveAxis(tuple(WAVELENGTHS), "nm")
    return FunctionPhysics(
        predict, _priors(drawn), inputs, ["value"], "Coating", {"spectrum": axis}
    )


def exotherm(drawn: Draw) -> PhysicsModel:
    """Dosing into a jacketed vessel; wrong: the reaction takes up heat, or mixing limits it.

    An exponential midpoint rule: a step is exact where all but what it changes most stands still,
    and is taken with b and the temperature of its middle. What was made is p and waste together.
    """
    heat_sign = -1.0 if drawn.variant == "sign" else 1.0
    mixing = drawn.variant == "mechanism"
    boils = drawn.removed != "kv"
    second = 0.0 if drawn.removed == "second heat" else 0.6
    dosed, rested = 48, 24

    def predict(x: Values, theta: Values) -> Values:
        jacket, dosing = x["jacket"], x["dosing_time"] / 60.0
        one = torch.ones(torch.broadcast_shapes(jacket.shape, theta["k1"].shape)).double()  # type: ignore[no-untyped-call]
        k1, k2 = (
            _exotherm_hot(theta["k1"], theta["E1"], 60.0),
            _exotherm_hot(theta["k2"], theta["E2"], 80.0),
        )
        heat = heat_sign * theta["heat"]

        def step(
            state: tuple[Tensor, ...], at: tuple[Tensor, ...], h: Tensor, feed: float
        ) -> tuple[Tensor, ...]:
            (a, b, p, t), (_, held, _, warm) = state, at
            takes = gone = h * (0.02 * theta["k1"] if mixing else k1(warm)) * held
            if boils:
                spill = torch.nn.functional.softplus(warm - 92.0 - ZERO_C, beta=0.5)
                boiled = h * theta["kv"] * spill
                gone = takes + boiled
            fall, mean = _exotherm_passing(gone)
            left = torch.addcmul(a, a, fall) + feed * mean
            made = (a + feed - left) * takes / gone
            fall, mean = _exotherm_passing(h * k2(warm))
            after = torch.addcmul(torch.addcmul(p, p, fall), made, mean)
            warmed = heat * torch.add(made, p + made - after, alpha=second)
            if boils:
                warmed = warmed - 12.0 * boiled
            fall, mean = _exotherm_passing(h * theta["cooling"])
            t = torch.addcmul(torch.addcmul(t, t - jacket, fall), warmed, mean)
            return left, b - made, after, t.clamp(ZERO_C - 60.0, ZERO_C + 600.0)

        state, peak = (0.0 * one, 1.05 * one, 0.0 * one, jacket * one), jacket * one
        # The 30 minutes after the dosing in steps that grow.
        rest = [(one * 30.0 * (2 * i + 1) / rested**2, 0.0) for i in range(rested)]
        for h, feed in [(dosing / dosed, 1.0 / dosed)] * dosed + rest:
            middle = step(state, state, 0.5 * h, 0.5 * feed)
            state = step(state, middle, h, feed)  # type: ignore[assignment]
            peak = torch.maximum(peak, torch.maximum(middle[-1], state[-1]))
        _, b, p, _ = state
        waste, peak = 1.05 - b - p, peak - ZERO_C
        pure = torch.sigmoid((p / (p + waste + 1e-6) - 0.97) / 0.01)
        value = 60.0 * p / (dosing + 30.0) * pure * torch.sigmoid((85.0 - peak) / 3.0)
        return {"value": value, "product": p, "waste": waste, "peak": peak}

    return FunctionPhysics(
        predict,
        _priors(drawn),
        {"jacket": "K", "dosing_time": "s"},
        {"value": "1", "product": "1", "waste": "1", "peak": "degC"},
        name="Exotherm",
    )


def _exotherm_hot(k: Tensor, energy: Tensor, at: float) -> Callable[[Tensor], Tensor]:
    """Return the rate constant as a function of kelvin, with as few operations as it takes."""
    steep = energy / GAS
    top = k.log() + steep / (at + ZERO_C)
    return lambda kelvin: torch.exp(torch.addcdiv(top, steep, kelvin, value=-1.0))


def _exotherm_passing(z: Tensor) -> tuple[Tensor, Tensor]:
    """Return exp(-z) - 1, and the average of exp(-s) for s from 0 to z."""
    fall = torch.expm1(-z)
    return fall, fall / -z


def coupling(drawn: Draw) -> PhysicsModel:
    """Every ligand has its rate constant; wrong: heat and catalyst slow it, or make the waste."""
    sign = -1.0 if drawn.variant == "sign" else 1.0
    has = {name: name != drawn.removed for name in ("ligand", "kd", "Kb", "kw")}
    priors: dict[str, Prior | By] = {**_priors(drawn, *(() if has["kd"] else ("Ed",)))}
    if has["ligand"]:
        for i, k in enumerate(("k1", "k2")):
            own = {n: _prior(k, believed[i]) for n, believed in drawn.ligands.items()}
            priors[k] = By("ligand", own)

    def predict(x: Values, theta: Values) -> Values:
        t, hours = x["temperature"] - ZERO_C, x["time"] / 60.0
        k1 = _arrhenius(theta["k1"], sign * theta["E1"], t, 90.0)
        k2 = _arrhenius(theta["k2"], sign * theta["E2"], t, 90.0)
        kd = _arrhenius(theta["kd"], sign * theta["Ed"], t, 90.0) if has["kd"] else 0.0 * k1
        wet = theta["kw"] * x["water"] / 100.0 if has["kw"] else torch.zeros_like(k1)
        loading = 0.01 * x["loading"] ** sign
        litres = x["concentration"] / 1000.0
        base = x["equivalents"] + 0.0 * k1
        a, at = torch.ones_like(base), 0.0
        p = w = torch.zeros_like(base)
        for i in range(48):
            mark = ((i + 1) / 48.0) ** 2
            h = (mark - at) * hours
            alive = torch.exp(-kd * hours * 0.5 * (at + mark))
            share = base / (base + theta["Kb"]) if has["Kb"] else 1.0
            drive = 10.0 * k1 * share * loading * alive
            total = h * (drive + k2)
            gone = a * (1.0 - torch.exp(-total))
            made = gone * drive / (drive + k2)
            split = p * (1.0 - torch.exp(-h * wet * base))
            a, base = a - gone, (base - made).clamp_min(0.0)
            p, w, at = p + made - split, w + gone - made + split, mark
        if drawn.variant == "mechanism":
            p, w = w, p
        cost = 0.05 * x["loading"] + 0.015 * x["time"] / 3600.0 + 0.03 * x["equivalents"]
        value = p - w - cost + 0.3 * litres
        return {"value": value, "left": a, "product": p, "waste": w}

    inputs = {
        "temperature": "K",
        "time": "s",
        "loading": "1",
        "equivalents": "1",
        "concentration": "mol/m^3",
        "water": "1",
    }
    outputs = ["value", "left", "product", "waste"]
    return FunctionPhysics(predict, priors, inputs, outputs, name="Coupling")


_MAKERS: Mapping[str, Callable[[Draw], PhysicsModel]] = {
    "consecutive": consecutive,
    "snar": snar,
    "enzyme": enzyme,
    "coating": coating,
    "exotherm": exotherm,
    "coupling": coupling,
}
