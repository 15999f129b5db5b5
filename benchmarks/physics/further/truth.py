"""What the eight further laboratories really do, noise-free; numpy alone, nothing of labloop.

The planner's physics of them is written elsewhere, in torch and mostly by other formulas. Every
function takes columns of points (in the units of the lab's space) and returns columns of outputs,
of curves ``n x points``. ``TRUE`` holds the constants; what a planner believes of them is drawn.
"""

from collections.abc import Mapping

import numpy as np

from benchmarks.physics.truth import Array, Columns, rosenbrock

GAS = 8.31446261815324e-3
FARADAY = 96485.332
ZERO_C = 273.15
WAVELENGTHS = np.linspace(450.0, 750.0, 13)
"""Of the antireflection coating's spectrum, in nm."""
FRACTIONS = (0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0)
"""Of the fermentation's time: when its samples are taken."""
SOLVENTS = ("acetonitrile", "dmf", "toluene", "methanol", "water")

TRUE: Mapping[str, Mapping[str, float]] = {
    "sterilise": {
        "alpha": 0.084, "biot": 14.0, "comeup": 4.0, "z": 10.0, "kq": 0.035, "zq": 31.0,
    },
    "antireflex": {
        "spin1": 2500.0, "spin2": 2900.0, "order": 1.15, "index1": 0.92, "index2": 0.39,
        "dispersion": 0.012, "porosity": 0.018,
    },
    "crystals": {
        "kg": 6.0, "Eg": 38.0, "kb": 3.0e-4, "slope": 0.034,
    },
    "dryer": {
        "km": 0.145, "critical": 0.13, "bound": 0.055, "kd": 0.03, "Ed": 105.0,
    },
    "electro": {
        "transfer": 0.0016, "power": 0.42, "over": 0.16, "tafel": 0.052, "resistance": 3.2,
        "Et": 14.0,
    },
    "merit": {
        "k1": 0.85, "E1": 52.0, "KA": 3.0, "KP": 1.6, "KH": 0.09, "k2": 0.020, "E2": 84.0,
        "kd": 0.11, "Ed": 70.0,
    },
    "fermenter": {
        "mu": 0.42, "Ks": 0.6, "hot": 37.5, "acid": 7.0, "overflow": 0.34, "Ki": 3.5, "alpha": 0.55,
        "beta": 0.030, "kd": 0.012,
    },
    "photo": {
        "phi": 0.62, "absorb": 9.0, "KA": 0.030, "kw": 0.010, "bleach": 0.017,
    },
}  # fmt: skip

SOLVENT_FACTORS: Mapping[str, tuple[float, float]] = {
    "acetonitrile": (1.0, 1.0),
    "dmf": (1.5, 2.2),
    "toluene": (0.35, 0.5),
    "methanol": (0.7, 1.6),
    "water": (0.25, 0.8),
}
"""On phi (product) and kw (what light makes of the product)."""


def sterilise(x: Columns) -> dict[str, Array]:
    """A slab of food between hot plates, then in cold water: sterile in the core, yet not overdone.

    Heat conduction by finite differences over half of the slab, a surface resistance, plates that
    warm up along a ramp; lethality F0 (z value, at 121.1 degC) and a quality that is lost likewise.
    """
    c = TRUE["sterilise"]
    plate, end = x["plate"] * 1.0, x["minutes"] * 1.0
    half = 0.05 * x["thickness"]  # cm
    nodes, steps, cooling = 12, 400, 20.0
    t = np.repeat(x["start"][:, None] * 1.0, nodes, axis=1)
    lethal, lost, hottest = 0.0 * plate, 0.0 * plate, t[:, 0].copy()
    between = np.diag(np.ones(nodes - 1), 1)
    between = between + between.T - np.diag(np.r_[1.0, 2.0 * np.ones(nodes - 2), 1.0])
    # From the outermost cell to the plate: half a cell, and the film (its Biot number is for 1 cm).
    film = 1.0 / (0.5 + nodes / (c["biot"] * half))
    outward = film[:, None, None] * np.diag(np.r_[np.zeros(nodes - 1), 1.0])
    h = (end + cooling) / steps
    fourier = c["alpha"] * h / (half / nodes) ** 2
    inverse = np.linalg.inv(np.eye(nodes) - fourier[:, None, None] * (between - outward))
    pull = fourier * film
    for step in range(steps):
        now = (step + 1.0) * h
        rising = np.clip(now / c["comeup"], 0.0, 1.0)
        around = np.where(now <= end, x["start"] + (plate - x["start"]) * rising, 15.0)
        right = t.copy()
        right[:, -1] += pull * around
        t = (inverse @ right[..., None])[..., 0]
        lethal += h * 10.0 ** ((t[:, 0] - 121.1) / c["z"])
        lost += h * (c["kq"] * 10.0 ** ((t - 121.1) / c["zq"])).mean(1)
        hottest = np.maximum(hottest, t[:, 0])
    quality = np.exp(-lost)
    log_f = np.log10(lethal + 1e-6)
    short = np.logaddexp(0.0, 8.0 * (np.log10(4.0) - log_f)) / 8.0
    value = 100.0 * quality - 60.0 * np.minimum(short, 2.5) - 0.25 * end + 0.6 * x["thickness"]
    return {
        "value": value,
        "core": hottest,
        "lethality": np.maximum(log_f, -4.0),
        "quality": quality,
    }


def antireflex(x: Columns) -> dict[str, Array]:
    """Two spun layers on glass: thickness by speed and concentration, reflectance by matrices."""
    c = TRUE["antireflex"]
    bend = c["dispersion"] * ((550.0 / WAVELENGTHS) ** 2 - 1.0)
    b, e = np.ones((1, 1), complex), 1.52 * np.ones((1, 1), complex)
    pores = c["porosity"] * (np.asarray(x["concentration2"]) - 3.0)
    thick1 = c["spin1"] * (x["concentration1"] / 3.0) ** c["order"] / np.sqrt(x["speed1"])
    thick2 = c["spin2"] * (x["concentration2"] / 3.0) ** c["order"] / np.sqrt(x["speed2"])
    for thick, index in (
        (thick1, 1.0 + c["index1"] + 3.0 * bend[None, :] + 0.0 * thick1[:, None]),
        (thick2, 1.0 + c["index2"] + bend[None, :] - pores[:, None]),
    ):
        phase = 2.0 * np.pi * index * thick[:, None] / WAVELENGTHS
        cos, sin = np.cos(phase), np.sin(phase)
        b, e = cos * b + 1j * sin / index * e, 1j * index * sin * b + cos * e
    reflected = np.abs((b - e) / (b + e)) ** 2
    return {"value": -100.0 * reflected.mean(1), "spectrum": reflected}


def crystals(x: Columns) -> dict[str, Array]:
    """Seeded cooling crystallisation by moments (Randolph & Larson): large crystals, high yield.

    Concentration in g/kg, sizes in units of 100 um, counts so that the third moment is g/kg.
    """
    c = TRUE["crystals"]
    hot, cold, end = x["hot"] * 1.0, x["cold"] * 1.0, x["hours"] * 1.0
    size, seed = x["seed_size"] / 100.0, x["seed"] * 1.0

    def soluble(celsius: Array) -> Array:
        found: Array = 60.0 * np.exp(c["slope"] * (celsius - 20.0))
        return found

    c0 = soluble(hot)
    mass = 0.01 * seed * c0

    def rate(s: Array) -> Array:
        m0, m1, m2, m3, _, level, share = s.T
        celsius = hot + (cold - hot) * np.minimum(share, 1.0)
        over = np.maximum(level / soluble(celsius) - 1.0, 0.0)
        warm = np.exp(-c["Eg"] / GAS * (1.0 / (celsius + ZERO_C) - 1.0 / (40.0 + ZERO_C)))
        grow = c["kg"] * warm * over
        born = 1e3 * c["kb"] * over**2 * np.maximum(m3, 0.0) * 50.0
        gone = 3.0 * grow * m2
        return np.stack(
            [born, grow * m0, 2.0 * grow * m1, gone, 4.0 * grow * m3, -gone, 1.0 / end], axis=1
        )

    count = mass / size**3
    start = np.stack(
        [count, count * size, count * size**2, mass, mass * size, c0, 0.0 * c0], axis=1
    )
    (s,) = rosenbrock(rate, start, end, (1.0,), 120)
    got = (c0 - s[:, 5]) / c0
    mean = 100.0 * s[:, 4] / s[:, 3]
    value = 100.0 * got + 0.12 * np.minimum(mean, 450.0) - 2.0 * end - 1.2 * seed
    return {"value": value, "yield": got, "size": mean}


def dryer(x: Columns) -> dict[str, Array]:
    """A fluid bed: constant and falling rate, bound water, a product that heat spoils."""
    c = TRUE["dryer"]
    air, humid = x["air"] * 1.0, x["humidity"] / 1000.0
    steps = 300
    h = x["minutes"] / steps

    def saturated(celsius: Array) -> Array:
        pressure = 0.61094 * np.exp(17.625 * celsius / (celsius + 243.04))
        found: Array = 0.622 * pressure / (101.325 - pressure)
        return found

    wet = air.copy()
    low, high = np.zeros_like(air), air.copy()
    for _ in range(40):
        wet = 0.5 * (low + high)
        # Psychrometry: what evaporates cools the air that it comes from.
        hotter = saturated(wet) - humid > (air - wet) * 1.02 / 2450.0
        low, high = np.where(hotter, low, wet), np.where(hotter, wet, high)
    drive = np.maximum(saturated(wet) - humid, 0.0)
    full = 100.0 * c["km"] * x["speed"] ** 0.6 * drive / 10.0
    relative = np.clip(humid / saturated(air), 1e-4, 0.95)
    bound = c["bound"] * (relative / (1.0 - relative)) ** 0.5
    water, spoilt = 0.32 + 0.0 * air, 0.0 * air
    for _ in range(steps):
        free = np.maximum(water - bound, 0.0)
        share = np.minimum(free / np.maximum(c["critical"] - bound, 1e-3), 1.0)
        warm = wet + (air - wet) * (1.0 - share)
        spoilt += h * c["kd"] * _hot(c["Ed"], warm, 60.0)
        pace = full * share
        water = bound + np.where(free > 0.0, free * np.exp(-h * pace / np.maximum(free, 1e-9)), 0.0)
    pure = np.exp(-spoilt)
    wetter = np.logaddexp(0.0, (water - 0.03) / 0.006) * 0.006
    energy = 0.012 * x["speed"] * (air - 20.0) * x["minutes"] / 60.0
    value = 100.0 * pure - 500.0 * wetter - 9.0 * energy - 0.12 * x["minutes"]
    return {"value": value, "moisture": water, "purity": pure}


def electro(x: Columns) -> dict[str, Array]:
    """A flow cell: mass transport limits the wanted reaction, the rest of the current makes gas.

    Along the electrode in 60 pieces; what is made may react on. Cell of 1 mL, 20 cm^2.
    """
    c = TRUE["electro"]
    flow, current = x["flow"] * 1.0, x["current"] / 1000.0
    warm = _hot(c["Et"], x["temperature"], 25.0)
    speed = c["transfer"] * (flow / 5.0) ** c["power"] * warm  # cm/s
    fed = x["concentration"] / 1000.0  # mol/cm^3
    pieces = 60
    time = 60.0 / flow / pieces  # s in each, of 1 mL
    surface = 20.0
    left, made, waste, used = fed + 0.0 * flow, 0.0 * flow, 0.0 * flow, 0.0 * flow
    for _ in range(pieces):
        limit = 2.0 * FARADAY * speed * left
        main = current * limit / (current + limit)
        next_limit = 2.0 * FARADAY * speed * made * c["over"]
        again = (current - main) * next_limit / (current - main + next_limit + 1e-12)
        dose = main * surface * time / (2.0 * FARADAY)
        dose = left * (1.0 - np.exp(-dose / left))
        lost = again * surface * time / (2.0 * FARADAY)
        lost = (made + dose) * (1.0 - np.exp(-lost / (made + dose)))
        left, made, waste = left - dose, made + dose - lost, waste + lost
        used = used + current * surface * time
    volt = (
        1.9
        + c["tafel"] * np.log(current / 1e-5)
        + current * c["resistance"] / (0.25 + 4.0 * x["concentration"])
    )
    efficient = 2.0 * FARADAY * made / used
    yielded = made / fed
    rate = np.log(1.0 + 40.0 * made * flow * 60.0)
    energy = volt * used / (made + 1e-7) / 3.6e6
    value = 25.0 * rate + 90.0 * yielded - 60.0 * waste / fed - 3.0 * np.minimum(energy, 30.0)
    return {"value": value, "yield": yielded, "efficiency": efficient, "voltage": volt}


def merit(x: Columns) -> dict[str, Array]:
    """Hydrogenation on a catalyst that dies, valued in money; the product is reduced on."""
    c = TRUE["merit"]
    t, a0 = x["temperature"], x["concentration"] * 1.0
    k1 = c["k1"] * _hot(c["E1"], t, 70.0)
    k2 = c["k2"] * _hot(c["E2"], t, 70.0)
    kd = c["kd"] * _hot(c["Ed"], t, 70.0)
    root = np.sqrt(c["KH"] * x["pressure"])
    gas = root / (1.0 + root)

    def rate(s: Array) -> Array:
        a, p, _, alive = s.T
        free = 1.0 + c["KA"] * a + c["KP"] * p
        r1 = k1 * x["catalyst"] * alive * gas * c["KA"] * a / free
        r2 = k2 * x["catalyst"] * alive * gas * c["KP"] * p / free
        return np.stack([-r1, r1 - r2, r2, -kd * alive], axis=1)

    zero = 0.0 * a0
    start = np.stack([a0, zero, zero, zero + 1.0], axis=1)
    (s,) = rosenbrock(rate, start, x["hours"] * 1.0, (1.0,), 100)
    a, p, w = (s[:, i] / a0 for i in (0, 1, 2))
    value = 100.0 * p - 120.0 * w - 5.0 * x["catalyst"] - 1.5 * x["hours"] - 0.25 * x["pressure"]
    return {"value": value + 10.0 * np.log(a0 / 0.1), "left": a, "product": p, "waste": w}


def fermenter(x: Columns) -> dict[str, Array]:
    """Fed batch: growth, overflow to acetate that inhibits, a product that is broken down."""
    c = TRUE["fermenter"]
    hot = np.exp(-(((x["temperature"] - c["hot"]) / 5.5) ** 2))
    acid = np.exp(-(((x["pH"] - c["acid"]) / 0.65) ** 2))
    break_down = c["kd"] * 2.0 ** ((x["temperature"] - 30.0) / 5.0)

    def rate(s: Array) -> Array:
        cells, sugar, made, acetate = s.T
        sugar = np.maximum(sugar, 0.0)
        grow = c["mu"] * hot * acid * sugar / (c["Ks"] + sugar) / (1.0 + acetate / c["Ki"])
        spill = c["overflow"] * np.maximum(grow - 0.16, 0.0)
        up = grow / 0.45 + spill + 0.02 * sugar / (0.1 + sugar)
        make = c["alpha"] * grow + c["beta"] * hot * sugar / (0.1 + sugar)
        return np.stack(
            [
                grow * cells,
                x["feed"] - up * cells,
                make * cells - break_down * made,
                spill * cells - 0.03 * acetate * cells / (1.0 + sugar),
            ],
            axis=1,
        )

    zero = 0.0 * x["sugar"]
    start = np.stack([zero + 0.2, x["sugar"] * 1.0, zero, zero], axis=1)
    states = rosenbrock(rate, start, x["hours"] * 1.0, FRACTIONS, 60)
    course = np.stack([s[:, 2] for s in states], axis=1)
    last = states[-1]
    fed = x["sugar"] + x["feed"] * x["hours"]
    value = 10.0 * last[:, 2] - 0.35 * fed - 0.8 * x["hours"]
    return {"value": value, "course": course, "cells": last[:, 0]}


def photo(x: Columns) -> dict[str, Array]:
    """Photocatalysis: light absorbed, a catalyst that bleaches, light that spoils the product."""
    c = TRUE["photo"]
    factors = np.array([SOLVENT_FACTORS[name] for name in x["solvent"]])
    fed, light = x["concentration"] * 1.0, x["light"] / 50.0
    dye = 0.01 * x["catalyst"] * fed * 1000.0  # mmol/L

    def rate(s: Array) -> Array:
        a, p, _, alive = s.T
        seen = 1.0 - 10.0 ** (-c["absorb"] * 0.1 * dye * alive)
        r1 = 0.012 * c["phi"] * factors[:, 0] * light * seen * a / (a + c["KA"])
        r2 = c["kw"] * factors[:, 1] * light * p
        return np.stack([-r1, r1 - r2, r2, -c["bleach"] * light * alive], axis=1)

    zero = 0.0 * fed
    start = np.stack([fed, zero, zero, zero + 1.0], axis=1)
    (s,) = rosenbrock(rate, start, x["minutes"] * 1.0, (1.0,), 80)
    a, p, w = (s[:, i] / fed for i in (0, 1, 2))
    value = 100.0 * p - 80.0 * w - 3.0 * x["catalyst"] - 0.06 * x["light"] - 0.15 * x["minutes"]
    return {"value": value + 8.0 * np.log(fed / 0.01), "left": a, "product": p, "waste": w}


def _hot(energy: float, celsius: Array, at: float) -> Array:
    found: Array = np.exp(-energy / GAS * (1.0 / (celsius + ZERO_C) - 1.0 / (at + ZERO_C)))
    return found
