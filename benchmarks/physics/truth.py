"""What six simulated laboratories really do, noise-free; numpy alone, nothing of labloop.

The planner's physics is written elsewhere with other code, so that neither can share a mistake
with the other. Every function takes columns of points (in the units of the lab's space) and
returns columns of outputs, of curves ``n x points``. ``TRUE`` holds the constants; what a planner
believes of them is drawn.

Rates at temperature T: k exp(-Ea / R (1 / T - 1 / T_ref)), times in minutes, mol/L, kJ/mol.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Columns = Mapping[str, Any]
GAS = 8.31446261815324e-3
ZERO_C = 273.15
FRACTIONS = (0.1, 0.25, 0.45, 0.65, 0.85, 1.0)
"""Of the batch time: when the enzyme lab takes its samples."""
WAVELENGTHS = np.linspace(420.0, 700.0, 15)
"""Of the coating's spectrum, in nm."""
LIGANDS = ("bare", "mono", "bulky", "chelate", "carbene")

TRUE: Mapping[str, Mapping[str, float]] = {
    "consecutive": {
        "k1": 5.0, "E1": 60.0, "k2": 0.06, "E2": 90.0, "kd": 0.06, "Ed": 75.0,
        "k3": 0.12, "E3": 40.0,
    },
    "snar": {
        "k1": 1.4, "E1": 52.0, "k2": 0.35, "E2": 66.0, "k3": 0.16, "E3": 80.0,
        "k4": 0.05, "E4": 75.0, "kl": 0.030, "El": 88.0,
    },
    "enzyme": {
        "kcat": 9.0, "Ecat": 48.0, "Km": 12.0, "Ksi": 160.0, "Kp": 45.0, "kd": 0.0045, "Ed": 190.0,
        "pKa1": 6.4, "pKa2": 8.4,
    },
    "coating": {
        "rate_h": 0.62, "rate_l": 0.95, "index_h": 1.32, "index_l": 0.46, "dispersion": 0.020,
        "absorption": 0.012,
    },
    "exotherm": {
        "k1": 0.60, "E1": 55.0, "k2": 0.0022, "E2": 125.0, "heat": 220.0,
        "cooling": 0.055, "kv": 0.006,
    },
    "coupling": {
        "k1": 0.6, "E1": 68.0, "k2": 0.0015, "E2": 85.0, "kd": 0.0035, "Ed": 100.0, "Kb": 0.35,
        "kw": 0.0004,
    },
}  # fmt: skip

LIGAND_FACTORS: Mapping[str, tuple[float, float]] = {
    "bare": (0.25, 2.5),
    "mono": (0.8, 1.6),
    "bulky": (1.9, 0.7),
    "chelate": (0.6, 0.4),
    "carbene": (2.4, 2.6),
}
"""On k1 (product) and k2 (reduction)."""


def rosenbrock(
    rate: Callable[[Array], Array], start: Array, end: Array, marks: tuple[float, ...], steps: int
) -> list[Array]:
    """Return states ``n x s`` at shares ``marks`` of the time ``end`` (n).

    ROS2, second order and L-stable (Verwer, Spee, Blom, Hundsdorfer, SIAM J. Sci. Comput. 20,
    1456, 1999), with steps that grow towards the end of the first stretch and stay equal then.
    """
    gamma = 1.0 - 1.0 / np.sqrt(2.0)
    first = marks[0] * np.linspace(0.0, 1.0, steps + 1) ** 3
    grid = [first[1:]]
    for low, high in pairwise(marks):
        grid.append(np.linspace(low, high, steps // 4 + 1)[1:])
    state, at, found = start, 0.0, []
    for stretch in grid:
        for mark in stretch:
            h = (mark - at) * end
            slope = rate(state)
            lhs = np.eye(state.shape[1]) - gamma * h[:, None, None] * _jacobian(rate, state, slope)
            k1 = np.linalg.solve(lhs, slope[..., None])[..., 0]
            right = rate(state + h[:, None] * k1) - 2.0 * k1
            k2 = np.linalg.solve(lhs, right[..., None])[..., 0]
            state = state + h[:, None] * (1.5 * k1 + 0.5 * k2)
            at = float(mark)
        found.append(state)
    return found


def _jacobian(rate: Callable[[Array], Array], state: Array, slope: Array) -> Array:
    columns = []
    for i in range(state.shape[1]):
        step = 1e-7 * (np.abs(state[:, i]) + 1e-3)
        moved = state.copy()
        moved[:, i] += step
        columns.append((rate(moved) - slope) / step[:, None])
    return np.stack(columns, axis=2)


def _arrhenius(k: float, energy: float, celsius: Any, at: float) -> Any:
    return k * np.exp(-energy / GAS * (1.0 / (celsius + ZERO_C) - 1.0 / (at + ZERO_C)))


def consecutive(x: Columns) -> dict[str, Array]:
    """A + K -> B + K -> C + K in plug flow; the catalyst K dies, A dimerizes."""
    c = TRUE["consecutive"]
    k1, k2, kd, k3 = (
        _arrhenius(c[k], c[e], x["temperature"], 90.0)
        for k, e in (("k1", "E1"), ("k2", "E2"), ("kd", "Ed"), ("k3", "E3"))
    )

    def rate(s: Array) -> Array:
        a, b, _, k, _ = s.T
        r1, r2, r3, r4 = k1 * a * k, k2 * b, k3 * a * a, kd * k
        return np.stack([-r1 - 2.0 * r3, r1 - r2, r2, -r4, r3], axis=1)

    fed = 0.2 * np.ones_like(k1)
    zero = 0.0 * fed
    start = np.stack([fed, zero, zero, x["catalyst"] * 1.0, zero], axis=1)
    (s,) = rosenbrock(rate, start, x["residence_time"] * 1.0, (1.0,), 80)
    a, b, c3 = s[:, 0] / 0.2, s[:, 1] / 0.2, s[:, 2] / 0.2
    value = b - 0.5 * c3 - 0.8 * x["catalyst"] - 0.006 * x["residence_time"]
    return {"value": value, "left": a, "product": b, "waste": c3}


def snar(x: Columns) -> dict[str, Array]:
    """A + N -> P and Q side by side, both to Bis; N is lost to the solvent."""
    c = TRUE["snar"]
    k1, k2, k3, k4, kl = (
        _arrhenius(c[k], c[e], x["temperature"], 90.0)
        for k, e in (("k1", "E1"), ("k2", "E2"), ("k3", "E3"), ("k4", "E4"), ("kl", "El"))
    )

    def rate(s: Array) -> Array:
        a, n, p, q, _ = s.T
        r1, r2, r3, r4, r5 = k1 * a * n, k2 * a * n, k3 * p * n, k4 * q * n, kl * n
        return np.stack(
            [-r1 - r2, -r1 - r2 - r3 - r4 - r5, r1 - r3, r2 - r4, r3 + r4],
            axis=1,
        )

    a0, zero = x["concentration"] * 1.0, 0.0 * x["concentration"]
    start = np.stack([a0, a0 * x["equivalents"], zero, zero, zero], axis=1)
    (s,) = rosenbrock(rate, start, x["residence_time"] * 1.0, (1.0,), 80)
    a, p, q, bis = (s[:, i] / a0 for i in (0, 2, 3, 4))
    value = p - q - bis - 0.03 * x["equivalents"] - 0.015 * x["residence_time"]
    return {"value": value, "left": a, "ortho": p, "para": q, "bis": bis}


def enzyme(x: Columns) -> dict[str, Array]:
    """Michaelis-Menten in a batch: inhibited by substrate and product, dying with heat."""
    c = TRUE["enzyme"]
    kcat = _arrhenius(c["kcat"], c["Ecat"], x["temperature"], 37.0)
    kd = _arrhenius(c["kd"], c["Ed"], x["temperature"], 45.0)
    bell = 1.0 / (1.0 + 10.0 ** (c["pKa1"] - x["pH"]) + 10.0 ** (x["pH"] - c["pKa2"]))

    def rate(y: Array) -> Array:
        s, p, e = y.T
        low = c["Km"] * (1.0 + p / c["Kp"]) + s * (1.0 + s / c["Ksi"])
        r = kcat * bell * e * s / low
        return np.stack([-r, r, -kd * e], axis=1)

    s0, zero = x["substrate"] * 1.0, 0.0 * x["substrate"]
    start = np.stack([s0, zero, x["enzyme"] * 1.0], axis=1)
    states = rosenbrock(rate, start, x["duration"] * 60.0, FRACTIONS, 40)
    course = [y[:, 1] for y in states]
    product = course[-1]
    value = (
        100.0 * product / s0 + 25.0 * np.log(s0 / 20.0) - 40.0 * x["enzyme"] - 3.0 * x["duration"]
    )
    return {"value": value, "course": np.stack(course, axis=1)}


def coating(x: Columns) -> dict[str, Array]:
    """Four sputtered layers on glass, by transfer matrices (Macleod, Thin-Film Optical Filters)."""
    c = TRUE["coating"]
    green = 550.0 / WAVELENGTHS
    bend = 1.0 + c["dispersion"] * (green**2 - 1.0) * 4.0
    high = (1.0 + c["index_h"] * bend) - 1j * c["absorption"] * green**3
    low = 1.0 + c["index_l"] * (1.0 + c["dispersion"] * (green**2 - 1.0)) + 0j
    b, e = np.ones(1, complex), 1.52 * np.ones(1, complex)
    for name, index, speed in (
        ("layer4", low, c["rate_l"]),
        ("layer3", high, c["rate_h"]),
        ("layer2", low, c["rate_l"]),
        ("layer1", high, c["rate_h"]),
    ):
        phase = 2.0 * np.pi * index * speed * np.asarray(x[name])[:, None] / WAVELENGTHS
        cos, sin = np.cos(phase), np.sin(phase)
        b, e = cos * b + 1j * sin / index * e, 1j * index * sin * b + cos * e
    reflected = np.abs((b - e) / (b + e)) ** 2
    inside = (WAVELENGTHS > 505) & (WAVELENGTHS < 595)
    value = reflected[:, inside].mean(1) - 1.5 * reflected[:, ~inside].mean(1)
    return {"value": value, "spectrum": reflected}


def exotherm(x: Columns) -> dict[str, Array]:
    """A is dosed into B within a jacket; heat of reaction drives the decomposition of P.

    The value is product an hour, where it is pure enough and the vessel stayed cool enough. Steps
    of second order, 300 to a phase: what b and temperature are in the middle of a step decides how
    fast a and p fall in it, and these fall exactly, so that nothing becomes negative.
    """
    c = TRUE["exotherm"]
    jacket, dosing = x["jacket"] * 1.0, x["dosing_time"] * 1.0
    zero, steps = 0.0 * jacket, 300

    def after(state: Array, at: Array, h: Array, feed: float) -> Array:
        a, b, p, waste, t = state
        k1 = _arrhenius(c["k1"], c["E1"], at[4], 60.0) * at[1]
        k2 = _arrhenius(c["k2"], c["E2"], at[4], 80.0)
        boil = c["kv"] * 2.0 * np.logaddexp(0.0, (at[4] - 92.0) / 2.0)
        left = a * np.exp(-h * (k1 + boil)) + feed * share(h * (k1 + boil))
        made = (a + feed - left) * k1 / (k1 + boil)
        kept = p * np.exp(-h * k2) + made * share(h * k2)
        lost = p + made - kept
        warm = c["heat"] * (made + 0.6 * lost) - 12.0 * h * boil
        cool = h * c["cooling"]
        t = jacket + (t - jacket) * np.exp(-cool) + warm * share(cool)
        return np.stack([left, b - made, kept, waste + lost, t])

    def share(z: Array) -> Array:
        """Return how much is left, on average, of what comes in evenly while exp(-z) falls."""
        found: Array = -np.expm1(-z) / z
        return found

    state, peak = np.stack([zero, zero + 1.05, zero, zero, jacket]), jacket
    rest = (zero + 30.0) / steps
    for h, feed in [(dosing / steps, 1.0 / steps)] * steps + [(rest, 0.0)] * steps:
        middle = after(state, state, 0.5 * h, 0.5 * feed)
        state = after(state, middle, h, feed)
        peak = np.maximum(peak, np.maximum(middle[4], state[4]))
    _, _, p, waste, _ = state
    pure = 1.0 / (1.0 + np.exp(-(p / (p + waste + 1e-6) - 0.97) / 0.01))
    cool = 1.0 / (1.0 + np.exp((peak - 85.0) / 3.0))
    value = 60.0 * p / (dosing + 30.0) * pure * cool
    return {"value": value, "product": p, "waste": waste, "peak": peak}


def coupling(x: Columns) -> dict[str, Array]:
    """Aryl halide to product by a catalyst that dies; the ligand has rates of its own."""
    c = TRUE["coupling"]
    factors = np.array([LIGAND_FACTORS[name] for name in x["ligand"]])
    t = x["temperature"]
    k1 = _arrhenius(c["k1"], c["E1"], t, 90.0) * factors[:, 0]
    k2 = _arrhenius(c["k2"], c["E2"], t, 90.0) * factors[:, 1]
    kd = _arrhenius(c["kd"], c["Ed"], t, 90.0)
    stirred = 1.0 - 0.08 * np.exp(-x["stirring"] / 250.0)
    wet = c["kw"] * x["water"] / 100.0
    b0 = x["equivalents"] * x["concentration"]

    def rate(y: Array) -> Array:
        a, p, _, k, b = y.T
        share = b / (b + c["Kb"] * x["concentration"])
        r1 = k1 * stirred * share * k * a / x["concentration"] * 10.0
        r2, r3 = k2 * a, wet * b * p / x["concentration"]
        return np.stack([-r1 - r2, r1 - r3, r2 + r3, -kd * k, -r1], axis=1)

    zero = 0.0 * t
    a0 = x["concentration"] * 1.0
    start = np.stack([a0, zero, zero, 0.01 * x["loading"] * a0, b0], axis=1)
    (s,) = rosenbrock(rate, start, x["time"] * 60.0, (1.0,), 80)
    a, p, w = (s[:, i] / x["concentration"] for i in (0, 1, 2))
    cost = 0.05 * x["loading"] + 0.015 * x["time"] + 0.03 * x["equivalents"]
    return {"value": p - w - cost + 0.3 * x["concentration"], "left": a, "product": p, "waste": w}
