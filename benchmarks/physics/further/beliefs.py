"""The physics that a planner is given in the further labs: a function of one's own each.

Inputs arrive in the units of the space, constants in those of ``truth.TRUE``. The width of the
priors is the same everywhere: rates within a factor 2.7, energies and other well-known numbers
within 30 %, an optimum of temperature within 3 K, of pH within 0.4.
"""

from collections.abc import Callable, Iterator, Mapping
from math import pi
from typing import Any

import torch
from torch import Tensor

from benchmarks.physics.further.draws import DIFFERENCES, MAIN, Draw, is_share
from benchmarks.physics.further.labs import AXES, FURTHER
from benchmarks.physics.further.truth import SOLVENTS
from labloop.physics import By, CurveAxis, FunctionPhysics, PhysicsModel, Prior
from labloop.space import Categorical

Values = Mapping[str, Tensor]
Predict = Callable[[Values, Values], dict[str, Tensor]]
GAS, FARADAY, ZERO_C = 8.31446261815324e-3, 96485.332, 273.15


def believe(name: str, drawn: Draw) -> PhysicsModel:
    """Return the physics of a lab as drawn."""
    lab, predict = FURTHER[name], _LAWS[name](drawn)
    unused = {drawn.removed}
    if drawn.removed == "kd":
        unused.add("Ed")
    priors: dict[str, Prior | By] = {
        n: _prior(n, v) for n, v in drawn.values.items() if n not in unused
    }
    if drawn.solvents and drawn.removed != "solvent":
        for place, constant in enumerate(("phi", "kw")):
            own = {s: _prior(constant, drawn.solvents[s][place]) for s in SOLVENTS}
            priors[constant] = By("solvent", own)
    numbers = [p for p in lab.space.parameters if not isinstance(p, Categorical)]
    inputs = {p.name: str(p.unit) for p in numbers}
    curves = {n: CurveAxis(tuple(at), *units) for n, (at, *units) in lab.axes.items()}
    outputs = [n for n in lab.ideal(lab.space.sample(1, 0)) if n not in curves]
    return FunctionPhysics(
        _at_fault(name, drawn, predict), priors, inputs, outputs, name=name.title(), curves=curves
    )


def _prior(name: str, value: float) -> Prior:
    if name in DIFFERENCES:
        return Prior(value, "1", sd=DIFFERENCES[name])
    return Prior(value, "1", rel=0.3) if is_share(name) else Prior(value, "1", fold=2.7)


def _at_fault(name: str, drawn: Draw, predict: Predict) -> Predict:
    """Return the law with an input mirrored, moved or left out, where that is the fault."""
    changed = drawn.blind or (MAIN[name][0] if drawn.fault in ("sign", "shift") else None)
    if changed is None:
        return predict
    parameter: Any = next(p for p in FURTHER[name].space.parameters if p.name == changed)
    low, high, log = float(parameter.low), float(parameter.high), bool(parameter.log)

    def believed(value: Tensor) -> Tensor:
        share = (value / low).log() / torch.tensor(high / low).log() if log else None
        share = (value - low) / (high - low) if share is None else share
        if drawn.blind:
            share = 0.5 + 0.0 * share
        share = 1.0 - share if drawn.fault == "sign" else share
        share = share + 0.25 if drawn.fault == "shift" else share
        return low * (high / low) ** share if log else low + share * (high - low)

    return lambda x, theta: predict({**x, changed: believed(x[changed])}, theta)


def _hot(energy: Tensor, celsius: Tensor, at: float) -> Tensor:
    return torch.exp(-energy / GAS * (1.0 / (celsius + ZERO_C) - 1.0 / (at + ZERO_C)))


def _steps(end: Tensor, number: int) -> Iterator[Tensor]:
    """Yield steps that grow, together as long as ``end``."""
    for i in range(number):
        yield end * (2 * i + 1) / number**2


def sterilise(drawn: Draw) -> Predict:
    """Fourier's series for a slab with a surface resistance; come-up as three steps."""
    share = torch.linspace(0.0, 1.0, 61).double()
    share = (0.5 * (share[1:] + share[:-1]))[:, None]
    height = torch.tensor([0.125, 0.375, 0.625, 0.875]).double()
    height = torch.cat([torch.zeros(1).double(), height])

    def predict(x: Values, theta: Values) -> dict[str, Tensor]:
        half, total = 0.05 * x["thickness"], x["minutes"] + 20.0
        n = torch.arange(6).double()
        biot = theta["biot"] * half if "biot" in theta else 1e6 + 0.0 * half
        root = (n + 0.5) * pi + 0.0 * biot[..., None]
        for _ in range(12):
            root = n * pi + torch.atan(biot[..., None] / root)
        weight = 4.0 * torch.sin(root) / (2.0 * root + torch.sin(2.0 * root))
        shape = weight[..., None, :] * torch.cos(root[..., None, :] * height[:, None])
        decay = root**2 * (theta["alpha"] / half**2)[..., None]
        t = total[..., None] * share[:, 0]

        def warmed(since: Tensor) -> Tensor:
            fade = torch.exp(-decay[..., None, :] * since.clamp_min(0.0)[..., None])
            rest = (fade[..., None, :] * shape[..., None, :, :]).sum(-1)
            return torch.where(since[..., None] > 0.0, 1.0 - rest, torch.zeros(()).double())

        ramp = theta["comeup"][..., None] if "comeup" in theta else 0.0 * t
        up = (warmed(t - ramp / 6.0) + warmed(t - ramp / 2.0) + warmed(t - ramp / 1.2)) / 3.0
        down = warmed(t - x["minutes"][..., None])
        plate, start = x["plate"][..., None, None], x["start"][..., None, None]
        celsius = start + (plate - start) * up - (plate - 15.0) * down
        if drawn.fault == "mechanism":
            celsius = plate + 0.0 * up
        h = total / 60.0
        lethal = h * (10.0 ** ((celsius[..., 0] - 121.1) / theta["z"][..., None])).sum(-1)
        spoil = 10.0 ** ((celsius[..., 1:].clamp(max=200.0) - 121.1) / theta["zq"][..., None, None])
        quality = torch.exp(-theta["kq"] * h * spoil.mean(-1).sum(-1))
        log_f = torch.log10(lethal + 1e-6)
        short = torch.nn.functional.softplus(8.0 * (0.60206 - log_f)) / 8.0
        value = 100.0 * quality - 60.0 * short.clamp(max=2.5) - 0.25 * x["minutes"]
        return {
            "value": value + 0.6 * x["thickness"],
            "core": celsius[..., 0].amax(-1),
            "lethality": log_f.clamp_min(-4.0),
            "quality": quality,
        }

    return predict


def antireflex(drawn: Draw) -> Predict:
    """Thickness by the spin curve, reflectance by matrices; wrong: layers that absorb."""
    waves = torch.tensor(AXES["antireflex"][0]).double()
    green = (550.0 / waves) ** 2 - 1.0

    def predict(x: Values, theta: Values) -> dict[str, Tensor]:
        one = 1.0 + 0.0 * x["speed1"] * theta["spin1"]
        bend = (
            (theta["dispersion"] * one)[..., None] * green if "dispersion" in theta else 0.0 * green
        )
        pores = (
            theta["porosity"] * (x["concentration2"] - 3.0) if "porosity" in theta else 0.0 * one
        )
        thick = [
            theta[f"spin{i}"]
            * (x[f"concentration{i}"] / 3.0) ** theta["order"]
            / x[f"speed{i}"] ** 0.5
            for i in (1, 2)
        ]
        index = [
            1.0 + (theta["index1"] * one)[..., None] + 3.0 * bend,
            1.0 + (theta["index2"] - pores)[..., None] + bend,
        ]
        b, e = torch.ones((), dtype=torch.complex128), torch.tensor(1.52 + 0.0j)
        for n, nm in zip(index, thick, strict=True):
            phase = 2.0 * pi * n * nm[..., None] / waves
            cos, sin = torch.cos(phase), torch.sin(phase)
            b, e = cos * b + 1j * sin / n * e, 1j * n * sin * b + cos * e
        seen = ((b - e) / (b + e)).abs() ** 2
        if drawn.fault == "mechanism":
            deep = (thick[0] * theta["index1"] + thick[1] * theta["index2"])[..., None]
            seen = 0.15 * torch.exp(-deep / 200.0 * (550.0 / waves) ** 2)
        return {"value": -100.0 * seen.mean(-1), "spectrum": seen}

    return predict


def crystals(drawn: Draw) -> Predict:
    """Moments along the cooling; what is oversaturated falls exactly in each step."""

    def predict(x: Values, theta: Values) -> dict[str, Tensor]:
        def soluble(celsius: Tensor) -> Tensor:
            return 60.0 * torch.exp(theta["slope"] * (celsius - 20.0))

        c0, size, energy = soluble(x["hot"]), x["seed_size"] / 100.0, theta.get("Eg")
        m3 = 0.01 * x["seed"] * c0
        m0, m1, m2, m4, level, number = m3 / size**3, m3 / size**2, m3 / size, m3 * size, c0, 80
        h = x["hours"] / number
        for i in range(number):
            celsius = x["hot"] + (x["cold"] - x["hot"]) * (i + 0.5) / number
            at = soluble(celsius)
            k = theta["kg"] * (1.0 if energy is None else _hot(energy, celsius, 40.0))
            pull = 3.0 * k * m2 / at * h
            over = ((level / at - 1.0) * -torch.expm1(-pull) / pull).clamp_min(0.0)
            grow, mass = k * over * h, m3
            born = 5e4 * theta["kb"] * over**2 * m3 * h if "kb" in theta else 0.0 * m3
            m0, m1, m2 = (
                m0 + born,
                m1 + grow * (m0 + 0.5 * born),
                m2 + 2.0 * grow * (m1 + 0.5 * grow * m0),
            )
            m3, level = m3 + pull * at * over, level - pull * at * over
            m4 = m4 + 2.0 * grow * (mass + m3)
        got, mean = (c0 - level) / c0, 100.0 * m4 / m3
        if drawn.fault == "mechanism":
            slow = x["hours"] * theta["kg"] / 6.0
            got = 1.0 - torch.exp(-slow * (x["hot"] - x["cold"]) / 60.0)
            mean = 60.0 * (1.0 + slow) ** 0.5 + 0.0 * got
        value = 100.0 * got + 0.12 * mean.clamp(max=450.0) - 2.0 * x["hours"] - 1.2 * x["seed"]
        return {"value": value, "yield": got, "size": mean}

    return predict


def dryer(drawn: Draw) -> Predict:
    """Wet bulb by Newton's rule, constant and falling rate; wrong: only diffusion within grains."""

    def saturated(celsius: Tensor) -> Tensor:
        pressure = 0.61094 * torch.exp(17.625 * celsius / (celsius + 243.04))
        return 0.622 * pressure / (101.325 - pressure)

    def predict(x: Values, theta: Values) -> dict[str, Tensor]:
        air, humid = x["air"], x["humidity"] / 1000.0
        wet, low, high = air, 0.0 * air, air
        for _ in range(24):
            wet = 0.5 * (low + high)
            hotter = saturated(wet) - humid > (air - wet) * 1.02 / 2450.0
            low, high = torch.where(hotter, low, wet), torch.where(hotter, wet, high)
        drive = (saturated(wet) - humid).clamp_min(0.0)
        full = 10.0 * theta["km"] * x["speed"] ** 0.6 * drive
        moist = (humid / saturated(air)).clamp(1e-4, 0.95)
        bound = theta["bound"] * (moist / (1.0 - moist)) ** 0.5 if "bound" in theta else 0.0 * full
        if drawn.fault == "mechanism":
            full = theta["km"] / 30.0 + 0.0 * full
        below = (theta["critical"] - bound).clamp_min(1e-3)
        water, spoilt = 0.32 + 0.0 * full, 0.0 * full
        for h in _steps(x["minutes"] + 0.0 * full, 60):
            free = (water - bound).clamp_min(1e-9)
            share = (free / below).clamp(max=1.0)
            if drawn.fault == "mechanism":
                share = free / 0.32
            warm = (
                air
                if drawn.removed == "wet bulb"
                else wet + (air - wet) * (1.0 - share).clamp_min(0.0)
            )
            spoilt = spoilt + h * theta["kd"] * _hot(theta["Ed"], warm, 60.0)
            water = bound + free * torch.exp(-h * full * share / free)
        wetter = torch.nn.functional.softplus((water - 0.03) / 0.006) * 0.006
        energy = 0.012 * x["speed"] * (air - 20.0) * x["minutes"] / 60.0
        value = 100.0 * torch.exp(-spoilt) - 500.0 * wetter - 9.0 * energy - 0.12 * x["minutes"]
        return {"value": value, "moisture": water, "purity": torch.exp(-spoilt)}

    return predict


def electro(drawn: Draw) -> Predict:
    """Mass transport limits the reaction, the rest of the current makes gas or waste."""

    def predict(x: Values, theta: Values) -> dict[str, Tensor]:
        flow, current, fed = x["flow"], x["current"] / 1000.0, x["concentration"] / 1000.0
        speed = (
            theta["transfer"]
            * (flow / 5.0) ** theta["power"]
            * _hot(theta["Et"], x["temperature"], 25.0)
        )
        if drawn.fault == "mechanism":
            speed = theta["transfer"] * (current / 0.05) ** theta["power"] * 1.6
        pieces = 30
        charge = 20.0 * 60.0 / flow / pieces / (2.0 * FARADAY)
        left, made, waste = fed + 0.0 * speed, 0.0 * speed, 0.0 * speed
        for _ in range(pieces):
            left = left.clamp_min(1e-12)
            limit = 2.0 * FARADAY * speed * left
            main = current * limit / (current + limit)
            dose = left * -torch.expm1(-main * charge / left)
            lost = 0.0 * dose
            if "over" in theta:
                most = 2.0 * FARADAY * speed * (made + 0.5 * dose) * theta["over"]
                again = (current - main) * most / (current - main + most + 1e-12)
                lost = (made + dose) * -torch.expm1(-again * charge / (made + dose))
            left, made, waste = left - dose, made + dose - lost, waste + lost
        ohmic = (
            theta["resistance"] / (0.25 + 4.0 * x["concentration"])
            if "resistance" in theta
            else 0.0
        )
        volt = 1.9 + theta["tafel"] * torch.log(current / 1e-5) + current * ohmic
        used = current * 20.0 * 60.0 / flow
        rate, energy = torch.log(1.0 + 2400.0 * made * flow), volt * used / (made + 1e-7) / 3.6e6
        value = 25.0 * rate + 90.0 * made / fed - 60.0 * waste / fed - 3.0 * energy.clamp(max=30.0)
        efficient = 2.0 * FARADAY * made / used
        return {"value": value, "yield": made / fed, "efficiency": efficient, "voltage": volt}

    return predict


def merit(drawn: Draw) -> Predict:
    """Langmuir-Hinshelwood on a catalyst that dies; wrong: it works without catalyst."""

    def predict(x: Values, theta: Values) -> dict[str, Tensor]:
        t, a0, cat = x["temperature"], x["concentration"], x["catalyst"]
        k1, k2 = (theta[k] * _hot(theta[e], t, 70.0) for k, e in (("k1", "E1"), ("k2", "E2")))
        dying = theta["kd"] * _hot(theta["Ed"], t, 70.0) if "kd" in theta else 0.0 * k1
        root = (theta["KH"] * x["pressure"]) ** 0.5
        gas, inhibit = root / (1.0 + root), theta.get("KP", 0.0 * k1)
        a, p, w, since = a0 + 0.0 * k1, 0.0 * k1, 0.0 * k1, 0.0 * k1
        for h in _steps(x["hours"] + 0.0 * k1, 48):
            dose = h * gas * cat * torch.exp(-dying * (since + 0.5 * h))
            half, kept = a, p
            for part in (0.5, 1.0):
                free = 1.0 + theta["KA"] * half + inhibit * kept
                r1 = k1 * theta["KA"] / free * dose
                r2 = k2 * (inhibit if "KP" in theta else 1.0) / free * dose
                if drawn.fault == "mechanism":
                    r1, r2 = k1 * h * x["pressure"] / 10.0, k2 * h
                half = a * torch.exp(-part * r1)
                kept = p * torch.exp(-part * r2) + (a - half)
            lost = p + a - half - kept
            a, p, w, since = half, kept, w + lost, since + h
        p, w = p / a0, w / a0
        value = 100.0 * p - 120.0 * w - 5.0 * cat - 1.5 * x["hours"] - 0.25 * x["pressure"]
        return {
            "value": value + 10.0 * torch.log(a0 / 0.1),
            "left": a / a0,
            "product": p,
            "waste": w,
        }

    return predict


def fermenter(drawn: Draw) -> Predict:
    """Monod with overflow; wrong: the product is made where sugar is short."""
    marks = AXES["fermenter"][0]

    def predict(x: Values, theta: Values) -> dict[str, Tensor]:
        hot = torch.exp(-(((x["temperature"] - theta["hot"]) / 5.5) ** 2))
        acid = torch.exp(-(((x["pH"] - theta["acid"]) / 0.65) ** 2))
        lost = 0.0 * hot
        if "kd" in theta:
            lost = theta["kd"] * 2.0 ** ((x["temperature"] - 30.0) / 5.0)
        cells, sugar, made = (
            0.2 + 0.0 * lost * theta["mu"],
            x["sugar"] + 0.0 * theta["mu"],
            0.0 * theta["mu"],
        )
        sour, at, course = 0.0 * cells, 0.0, []
        for mark in marks:
            h = (mark - at) / 20.0 * x["hours"]
            for _ in range(20):
                grow = (
                    theta["mu"]
                    * hot
                    * acid
                    * sugar
                    / (theta["Ks"] + sugar)
                    / (1.0 + sour / theta["Ki"])
                )
                spill = (
                    theta["overflow"] * (grow - 0.16).clamp_min(0.0)
                    if "overflow" in theta
                    else 0.0 * grow
                )
                fed = sugar / (0.1 + sugar)
                mean = cells * (1.0 + 0.5 * h * grow)
                up = (grow / 0.45 + spill + 0.02 * fed) * mean / (sugar + 1e-6)
                fall = torch.exp(-h * up)
                sugar = sugar * fall + x["feed"] * (1.0 - fall) / (up + 1e-9)
                make = theta["alpha"] * grow + theta["beta"] * hot * fed
                if drawn.fault == "mechanism":
                    make = 8.0 * theta["beta"] * (1.0 - fed)
                made = (made + h * make * mean) * torch.exp(-h * lost)
                sour = (sour + h * spill * mean) * torch.exp(-h * 0.03 * mean / (1.0 + sugar))
                cells = cells * torch.exp(h * grow)
            at = mark
            course.append(made)
        fed = x["sugar"] + x["feed"] * x["hours"]
        value = 10.0 * made - 0.35 * fed - 0.8 * x["hours"]
        return {"value": value, "course": torch.stack(course, dim=-1), "cells": cells}

    return predict


def photo(drawn: Draw) -> Predict:
    """The catalyst absorbs light, and light spoils the product; wrong: it needs no light."""

    def predict(x: Values, theta: Values) -> dict[str, Tensor]:
        light, fed, end = x["light"] / 50.0, x["concentration"], x["minutes"]
        dye = 10.0 * x["catalyst"] * fed
        bleach = theta["bleach"] * light if "bleach" in theta else 0.0 * light
        share = 1.0 + 0.0 * theta["phi"] * light
        p = w = 0.0 * share
        a, since = fed * share, 0.0 * share
        for h in _steps(end * share, 48):
            seen = 1.0 - 10.0 ** (
                -theta["absorb"] * 0.1 * dye * torch.exp(-bleach * (since + 0.5 * h))
            )
            pace, worse = 0.012 * theta["phi"] * light * seen, theta["kw"] * light
            if drawn.fault == "mechanism":
                pace, worse = 0.006 * theta["phi"] * share, theta["kw"] * share
            middle = a * torch.exp(-0.5 * h * pace / (a + theta["KA"]))
            left = a * torch.exp(-h * pace / (middle + theta["KA"]))
            kept = p * torch.exp(-h * worse) + (a - left) * torch.exp(-0.5 * h * worse)
            w = w + p + a - left - kept
            a, p, since = left, kept, since + h
        p, w = p / fed, w / fed
        value = 100.0 * p - 80.0 * w - 3.0 * x["catalyst"] - 0.06 * x["light"] - 0.15 * end
        return {
            "value": value + 8.0 * torch.log(fed / 0.01),
            "left": a / fed,
            "product": p,
            "waste": w,
        }

    return predict


_LAWS: Mapping[str, Callable[[Draw], Predict]] = {
    "sterilise": sterilise,
    "antireflex": antireflex,
    "crystals": crystals,
    "dryer": dryer,
    "electro": electro,
    "merit": merit,
    "fermenter": fermenter,
    "photo": photo,
}
