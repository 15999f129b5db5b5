"""Find the conditions of a nucleophilic aromatic substitution in flow that give most product.

Three pumps feed a heated tube with a solution of A, a solution of the nucleophile N and
solvent; a detector behind it draws a chromatogram of what comes out.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from labloop import (
    Budget,
    CampaignSpec,
    Continuous,
    Curve,
    Maximize,
    Scalar,
    SearchSpace,
    quantity,
)

REACTOR = quantity(2.0, "mL")
STOCK_A = quantity(1.2, "mol/L")
STOCK_N = quantity(4.8, "mol/L")

space = SearchSpace(
    Continuous("temperature", 30, 120, unit="degC"),
    Continuous("residence_time", 0.5, 5, unit="min", log=True),
    Continuous("equivalents", 1, 5),
    Continuous("concentration", 0.1, 0.5, unit="mol/L"),
)


async def react(lab: Any, x: Any) -> dict[str, Any]:
    """Set flows and temperature, wait for the steady state, take a chromatogram."""
    flow = REACTOR / x.residence_time
    part_a = x.concentration / STOCK_A
    part_n = x.equivalents * x.concentration / STOCK_N
    parts = {lab.pump_s: 1 - part_a - part_n, lab.pump_a: part_a, lab.pump_n: part_n}
    for pump, part in parts.items():
        await pump.set_rate(flow * part)
        await pump.start()
    await lab.thermostat.set_temperature(x.temperature)
    await lab.thermostat.start()
    bath = await lab.thermostat.wait_until_stable()
    # Reactor, capillary and detector cell must be washed out by what is hot now.
    await lab.wait(3.5 * x.residence_time)
    chromatogram = await lab.detector.scan()
    return {"chromatogram": chromatogram, "actual": {"temperature": quantity(bath, "degC")}}


PEAKS = {
    "X": (0.95, 260),
    "A": (1.45, 300),
    "P": (1.95, 420),
    "Bis": (2.50, 510),
    "Dim": (3.05, 700),
}
"""Retention in min and area in mAU min per mol/L, from calibration."""


def amount(curve: Any, retention: float, response: float) -> float:
    """Return the concentration in mol/L of a peak, above the line between its feet."""
    near = np.abs(curve.x - retention) <= 0.2
    x, y = curve.x[near], curve.y[near]
    baseline = np.interp(x, [x[0], x[-1]], [y[:5].mean(), y[-5:].mean()])
    return float(np.sum(y - baseline) * (x[1] - x[0]) / response)


def analyse(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return yield and impurity as fractions of all A that was fed."""
    curve = raw["chromatogram"]
    found = {name: amount(curve, *peak) for name, peak in PEAKS.items()}
    fed = sum(found.values()) + found["Dim"]
    return {
        "product_yield": found["P"] / fed,
        "impurity": found["Bis"] / fed,
        "chromatogram": curve,
    }


campaign = CampaignSpec(
    "snar",
    space,
    outputs=[Scalar("product_yield"), Scalar("impurity"), Curve("chromatogram", x="min", y="mAU")],
    objective=Maximize("product_yield"),
    procedure=react,
    analyse=analyse,
    lab="lab.toml",
    physics="physics:SNAr",
    strategy="auto",
    batch=1,
    seed=0,
    budget=Budget(experiments=30),
)
