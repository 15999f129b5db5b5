"""Find the best of 1728 direct arylations with a robot, four hotplates and an HPLC.

Which base, ligand and solvent, how concentrated and how hot gives the most product? The
compounds are plain names: the brain learns from their results alone how they differ.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import numpy as np

from labloop import (
    Budget,
    CampaignSpec,
    Categorical,
    Curve,
    Maximize,
    Ordered,
    Scalar,
    SearchSpace,
    quantity,
)

SUBSTRATE = quantity(30, "umol")
STOCK = quantity(30, "uL")
"""Of substrates (1 mol/L), base (2 mol/L) and ligand (0.1 mol/L): 2 and 0.1 equivalents."""
SAMPLE = quantity(10, "uL")


BASES = ["CsOAc", "CsOPiv", "KOAc", "KOPiv"]
LIGANDS = [
    "BrettPhos",
    "CgMe-PPh",
    "GorlosPhos",
    "JackiePhos",
    "PCy3",
    "P(fur)3",
    "PPh2Me",
    "PPh3",
    "PPhMe2",
    "PPhtBu2",
    "tBPh-CPhos",
    "X-Phos",
]
SOLVENTS = ["BuCN", "BuOAc", "DMAc", "p-Xylene"]

space = SearchSpace(
    Categorical("base", BASES),
    Categorical("ligand", LIGANDS),
    Categorical("solvent", SOLVENTS),
    Ordered("concentration", [0.057, 0.1, 0.153], unit="mol/L"),
    Ordered("temperature", [90, 105, 120], unit="degC"),
)


@asynccontextmanager
async def free_arm(lab: Any) -> AsyncIterator[None]:
    """Have the arm to oneself, homed and without a tip that a failed experiment left on it."""
    async with lab.exclusive(lab.arm):
        await lab.arm.home()
        if (await lab.arm.tip_on()).value:
            await lab.arm.drop_tip()
        yield


async def transfer(lab: Any, volume: Any, source: str, target: str) -> None:
    """Bring a volume from one well to another with a fresh tip."""
    async with free_arm(lab):
        await lab.arm.pick_up_tip()
        await lab.arm.aspirate(volume, source)
        await lab.arm.dispense(volume, target)
        await lab.arm.drop_tip()


@asynccontextmanager
async def fresh_vial(lab: Any, station: str) -> AsyncIterator[None]:
    """Put a vial onto a hotplate and take it away again, whatever happens."""
    try:
        async with free_arm(lab):
            await lab.arm.place_vial(station)
        yield
    finally:
        async with free_arm(lab):
            await lab.arm.discard_vial(station)


async def react(lab: Any, x: Any) -> dict[str, Any]:
    """Mix, heat for 16 hours, and let the HPLC see a sample."""
    solvent = (SUBSTRATE / x.concentration).to("uL") - 3 * STOCK
    async with lab.any("station") as station, fresh_vial(lab, station):
        hotplate = getattr(lab, station)
        await transfer(lab, solvent, x.solvent, station)
        for stock in (x.ligand, x.base, "substrates"):
            await transfer(lab, STOCK, stock, station)
        await hotplate.set_stirring_speed(quantity(600, "rpm"))
        await hotplate.start_stirring()
        await hotplate.set_temperature(x.temperature)
        await hotplate.start_heating()
        await hotplate.wait_until_temperature(x.temperature)
        await lab.wait(quantity(16, "h"))
        reached = await hotplate.external_temperature()
        await hotplate.stop_heating()
        async with lab.any("cup") as cup, lab.exclusive(lab.hplc):
            await transfer(lab, SAMPLE, station, cup)
            await lab.hplc.inject(cup)
            chromatogram = await lab.hplc.chromatogram()
        await hotplate.stop_stirring()
    return {"chromatogram": chromatogram, "actual": {"temperature": reached}}


def peak_area(minutes: Any, signal: Any, centre: float) -> float:
    """Return the area of the peak at ``centre`` min above the baseline, in mAU min."""
    baseline = float(np.median(signal))
    window = abs(minutes - centre) < 0.7
    return float(np.sum(signal[window] - baseline) * (minutes[1] - minutes[0]))


def analyse(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the yield in percent: product against the internal standard, equimolar at first."""
    curve = raw["chromatogram"]
    product, standard = (peak_area(curve.x, curve.y, centre) for centre in (3.0, 4.5))
    return {"product_yield": 100 * product / standard, "chromatogram": curve}


campaign = CampaignSpec(
    "direct-arylation",
    space,
    outputs=[
        Scalar("product_yield", unit="%"),
        Curve("chromatogram", x="min", y="mAU"),
    ],
    objective=Maximize("product_yield"),
    procedure=react,
    analyse=analyse,
    lab="lab.toml",
    strategy="auto",
    batch=5,
    parallel=4,
    seed=0,
    budget=Budget(experiments=50),
)
