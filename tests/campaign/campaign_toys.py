"""A planner that a test holds in its hand, and campaigns on a lab of one box."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from labloop.campaign import Campaign, load_campaign
from labloop.records import Command, CommandKind, Proposal, ProposalBatch

CAMPAIGN = """
from campaign_toys import PLANNER
from labloop import (
    Budget, CampaignSpec, Continuous, FailurePolicy, Maximize, Scalar, SearchSpace, quantity
)

async def use(lab, x):
    await lab.box.set_level(x.level)
    await lab.wait(quantity(SECONDS, "s"))
    return {"shown": await lab.box.show()}

SECONDS = 5
campaign = CampaignSpec(
    "tiny", SearchSpace(Continuous("level", 0, 8, unit="mL")),
    outputs=[Scalar("shown")], objective=Maximize("shown"), procedure=use, lab="lab.toml",
    strategy=PLANNER, OPTIONS
)
"""
LAB = """
[lab]
name = "tiny"
world = "tiny_lab:create"
world_options = { faults = FAULTS }

[devices.box]
driver = "tiny_lab:Box"
url = "serial://COM1"
serial_number = "B-1"

[devices.box.limits]
"set_level.level" = { min = "0 mL", max = "8 mL" }
"""

FILE = """
from helper import TOP
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace
campaign = CampaignSpec("kept", SearchSpace(Continuous("x", 0, TOP)), outputs=[Scalar("y")],
                        objective=Maximize("y"), strategy="random", budget=Budget(experiments=3))
"""
"""A campaign by hand that imports ``helper.py`` beside it."""


@dataclass
class Planner:
    """Proposes one level after the other, notes what it was told, and thinks as long as told."""

    name = "toy"
    heard: list[tuple[str, tuple[float, ...]]] = field(default_factory=list)
    """Of each round: the fingerprint of the data, and the pending levels."""
    slow: threading.Event = field(default_factory=threading.Event)
    """While it is set, a round takes until ``done``."""
    thinks: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    def propose(self, space, objective, data, pending, n, seed):
        """Return the next levels; there are sixteen, one for each round."""
        del space, objective, seed
        self.heard.append((data.fingerprint(), tuple(p["level"] for p in pending)))
        if self.slow.is_set():
            self.thinks.set()
            self.done.wait(60)
        first = len(data) + len(pending)
        levels = [(first + i) % 16 / 2 for i in range(n)]
        return ProposalBatch(tuple(Proposal({"level": x}, self.name, "next") for x in levels))


PLANNER = Planner()


@contextmanager
def slow_planner():
    """Let each round take until the block is left."""
    PLANNER.thinks.clear()
    PLANNER.done.clear()
    PLANNER.slow.set()
    try:
        yield PLANNER
    finally:
        PLANNER.slow.clear()
        PLANNER.done.set()


def write(folder: Path, options: str, *, faults: str = "[]", seconds: float = 5) -> Path:
    """Write campaign and lab into ``folder`` and return the campaign's path."""
    text = CAMPAIGN.replace("OPTIONS", options).replace("SECONDS = 5", f"SECONDS = {seconds}")
    (folder / "lab.toml").write_text(LAB.replace("FAULTS", faults))
    (folder / "campaign.py").write_text(text)
    return folder / "campaign.py"


def bake(folder: Path, options: str, recipe: str, stations: str) -> Path:
    """Write a campaign with a recipe of its own, and a lab of a box and some stations."""
    path = write(folder, options)
    text = path.read_text()
    begin, end = text.index("    await lab.box"), text.index("SECONDS = 5")
    path.write_text(f"{text[:begin]}{recipe}\nCALLS = []{text[end + len('SECONDS = 5') :]}")
    with (folder / "lab.toml").open("a") as lab:
        lab.write(stations)
    return path


def create(repositories, path: Path, **given) -> Campaign:
    """Store the campaign of a file."""
    return Campaign.create(repositories, load_campaign(path), actor="me", **given)


def ask(repositories, campaign_id: str, kind: CommandKind, **arguments) -> int:
    """Put a command into the inbox and return its number."""
    command = Command(campaign_id=campaign_id, kind=kind, actor="me", arguments=arguments)
    return repositories.commands.add(command).result()


def answer_of(repositories, campaign_id: str, sequence: int) -> tuple[bool | None, str]:
    """Return what a command was answered; None while it waits."""
    found = next(c for c in repositories.commands.all(campaign_id) if c.sequence == sequence)
    return found.accepted, found.answer
