"""Beliefs of the labs of heat and matter: a slab of food, layers, crystals, a dryer."""

from math import pi

import torch
from torch import Tensor

from benchmarks.physics.further.draws import Draw
from benchmarks.physics.further.labs import AXES
from benchmarks.physics.further.rates import Predict, Values, hot, steps


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
            k = theta["kg"] * (1.0 if energy is None else hot(energy, celsius, 40.0))
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
        for h in steps(x["minutes"] + 0.0 * full, 60):
            free = (water - bound).clamp_min(1e-9)
            share = (free / below).clamp(max=1.0)
            if drawn.fault == "mechanism":
                share = free / 0.32
            warm = (
                air
                if drawn.removed == "wet bulb"
                else wet + (air - wet) * (1.0 - share).clamp_min(0.0)
            )
            spoilt = spoilt + h * theta["kd"] * hot(theta["Ed"], warm, 60.0)
            water = bound + free * torch.exp(-h * full * share / free)
        wetter = torch.nn.functional.softplus((water - 0.03) / 0.006) * 0.006
        energy = 0.012 * x["speed"] * (air - 20.0) * x["minutes"] / 60.0
        value = 100.0 * torch.exp(-spoilt) - 500.0 * wetter - 9.0 * energy - 0.12 * x["minutes"]
        return {"value": value, "moisture": water, "purity": torch.exp(-spoilt)}

    return predict
