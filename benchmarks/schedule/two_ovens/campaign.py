"""Bake a mixture in one of two ovens for some hours, and look at it by HPLC."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from labloop import (
    Budget,
    CampaignSpec,
    Continuous,
    Maximize,
    Ordered,
    Scalar,
    SearchSpace,
    quantity,
)


@asynccontextmanager
async def free_arm(lab: Any) -> AsyncIterator[None]:
    async with lab.exclusive(lab.arm):
        await lab.arm.home()
        yield


async def transfer(lab: Any, volume: Any, source: str, target: str) -> None:
    async with free_arm(lab):
        await lab.arm.pick_up_tip()
        await lab.arm.aspirate(volume, source)
        await lab.arm.dispense(volume, target)
        await lab.arm.drop_tip()


@asynccontextmanager
async def fresh_vial(lab: Any, oven: str) -> AsyncIterator[None]:
    async with free_arm(lab):
        await lab.arm.place_vial(oven)
    yield
    async with free_arm(lab):
        await lab.arm.discard_vial(oven)


async def bake(lab: Any, x: Any) -> dict[str, Any]:
    """Fill a vial in an oven, bake it, and let the HPLC see a sample."""
    async with lab.any("oven", setting=x.temperature) as oven, fresh_vial(lab, oven):
        plate = getattr(lab, oven)
        await transfer(lab, quantity(500, "uL"), "DMAc", oven)
        for stock in ("X-Phos", "KOAc", "substrates"):
            await transfer(lab, quantity(30, "uL"), stock, oven)
        await plate.set_stirring_speed(quantity(600, "rpm"))
        await plate.start_stirring()
        await plate.set_temperature(x.temperature)
        await plate.start_heating()
        await lab.wait(x.duration)
        await plate.stop_heating()
        async with lab.any("cup") as cup, lab.exclusive(lab.hplc):
            await transfer(lab, quantity(10, "uL"), oven, cup)
            await lab.hplc.inject(cup)
            await lab.hplc.chromatogram()
        await plate.stop_stirring()
    return {"hours": x.duration.to("h").magnitude}


campaign = CampaignSpec(
    name="two-ovens",
    space=SearchSpace(
        Ordered("temperature", [90, 105, 120], unit="degC"),
        Continuous("duration", 0.5, 6, unit="h"),
    ),
    outputs=[Scalar("hours")],
    objective=Maximize("hours"),
    procedure=bake,
    lab="lab.toml",
    strategy="random",
    batch=12,
    parallel=12,
    budget=Budget(experiments=12),
)
