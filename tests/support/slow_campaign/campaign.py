"""Four experiments at a time, each for as long as the environment says."""

import os

from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace, quantity

SECONDS = float(os.environ.get("SLOW_SECONDS", "600"))
EXPERIMENTS = int(os.environ.get("SLOW_EXPERIMENTS", "8"))


async def procedure(lab, x):
    """Work on whichever bench is free."""
    async with lab.any("bench") as bench:
        device = getattr(lab, bench)
        await device.switch_on()
        await device.work(quantity(SECONDS, "s"))
        await device.switch_off()
        return {"y": x.a}


campaign = CampaignSpec(
    "slow",
    SearchSpace(Continuous("a", 0, 1)),
    outputs=[Scalar("y")],
    objective=Maximize("y"),
    procedure=procedure,
    lab="lab.toml",
    strategy="random",
    batch=4,
    parallel=4,
    budget=Budget(experiments=EXPERIMENTS),
)
