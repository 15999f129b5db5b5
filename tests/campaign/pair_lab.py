"""Two boxes that are alike, a world in which either can report a fault, and a campaign there."""

from collections.abc import Mapping
from typing import Any

from tiny_lab import Box, BoxEmulator

from labloop.errors import DeviceFaultError
from labloop.lab import action
from labloop_simulators.kit import TruthLog

CAMPAIGN = """
from campaign_toys import PLANNER
from labloop import (
    Budget, CampaignSpec, Continuous, FailurePolicy, FailureRule, Maximize, Scalar, SearchSpace,
    quantity
)
from labloop.errors import DeviceFaultError, DeviceError, ProtocolError

async def use(lab, x):
    async with lab.any("box") as name:
        box = getattr(lab, name)
        await box.set_level(x.level)
        shown = await box.show()
    if shown < LEAST:
        raise ValueError("no signal")
    return {"shown": shown}

LEAST = -99
campaign = CampaignSpec(
    "pair", SearchSpace(Continuous("level", 0, 8, unit="mL")),
    outputs=[Scalar("shown")], objective=Maximize("shown"), procedure=use, lab="lab.toml",
    strategy=PLANNER, budget=Budget(experiments=3), failures=POLICY
)
"""
LAB = """
[lab]
name = "pair"
world = "pair_lab:create"
world_options = { faulty = FAULTY }

[devices.box_1]
driver = "pair_lab:FaultyBox"
url = "serial://COM1"

[devices.box_2]
driver = "pair_lab:FaultyBox"
url = "serial://COM2"

[stations.box]
names = ["box_1", "box_2"]
"""


class FaultyBox(Box):
    """Says so where it cannot show a value."""

    @action
    async def show(self) -> float:
        """Take the value that the dial shows."""
        answer = await self._ask(b"GET\n")
        if answer == "ERR":
            raise DeviceFaultError(f"{self.name}: asked GET, it reports a fault; look at its dial")
        return float(answer)


class FaultyEmulator(BoxEmulator):
    """Reports a fault instead of its first values."""

    faulty = 0

    def handle(self, frame: bytes, now: float) -> bytes | None:
        """Answer."""
        if frame.startswith(b"GET") and self.faulty > 0:
            self.faulty -= 1
            return b"ERR\n"
        if frame.startswith(b"WHO"):
            return f"BOX {self.name}\n".encode()
        return super().handle(frame, now)


class PairWorld:
    """Two boxes; ``faulty`` says how many values of each are faults."""

    def __init__(self, faulty: Mapping[str, int]) -> None:
        self.truth = TruthLog()
        self.emulators = {name: FaultyEmulator(name, self.truth) for name in ("box_1", "box_2")}
        for name, count in faulty.items():
            self.emulators[name].faulty = count


def create(seed: int, options: Mapping[str, Any]) -> PairWorld:
    """Return the world; it has nothing random."""
    del seed
    return PairWorld(options.get("faulty", {}))
