"""What is known of a lab before it is opened."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from labloop.errors import DefinitionError, DeviceError
from labloop.lab.configuration import LabFile, LabPlan
from labloop.lab.gate import LeaseCheck
from labloop.lab.remote import RemoteLab
from labloop.lab.time import LabLoop, SimulatedLoop, SteppedLoop
from labloop.records import Handover, Journal, Mode, Samples, Stock

Speed = Literal["max", "real"] | float
"""Of simulated lab time: as fast as possible, as life, or lab seconds per second."""


@dataclass(frozen=True, slots=True)
class LabSetup:
    """What a lab consists of, on whose behalf it is opened, and where it is recorded."""

    lab_file: LabFile
    plan: LabPlan
    mode: Mode
    world: Any
    """The simulated world; None in a real lab."""
    seed: int
    """Of the simulated world."""
    speed: Speed
    journal: Journal
    stock: Stock | None
    """Where what is used up is booked; None where nothing of it is kept."""
    samples: Samples | None
    """Where samples are kept; None as above."""
    campaign_id: str
    actor: str
    lease: LeaseCheck | None
    record: Path | None
    """The folder into which every device's frames are written."""
    renew: tuple[str, ...]
    """Kinds of consumable stations that a person has filled again."""
    folder: Path
    """In which programs and notebooks of procedures are looked for."""
    purpose: str
    """What a real lab is opened for."""
    handover: Handover | None
    """Where a watchdog process leaves what it did; None for the folder of the lab file."""
    retry_after: Callable[[DeviceError], float | None]
    """Lab seconds after which an action of an experiment is sent again; None where it is not."""
    patience: float | None
    """Seconds that a device may take to connect at most, in a lab that is opened only to be made
    safe."""
    priority: int
    """Of the campaign's experiments, where several wait for a station."""
    mark: str
    """Of the campaign in its database, in the ids that instruments keep; empty for none."""
    remote: RemoteLab | None = None
    """The lab of a host in another process, which looks after its devices itself."""

    @property
    def is_watched(self) -> bool:
        """Whether a watchdog process belongs to it, unless the lab file says why not."""
        return self.mode is Mode.REAL and self.patience is None and self.remote is None

    def make_loop(self) -> LabLoop:
        """Return an event loop that runs at the lab's speed."""
        if self.remote is not None:
            keeper = self.remote.keeper
            return LabLoop() if keeper is None else SteppedLoop(keeper)
        if self.speed == "real":
            return LabLoop()
        return SimulatedLoop(self.speed if isinstance(self.speed, float) else None)


def checked_speed(speed: Speed, mode: Mode) -> Speed:
    """Return a speed that ``mode`` can have; raises DefinitionError."""
    if mode is Mode.REAL:
        if speed not in {"max", "real"}:
            raise DefinitionError(
                f"a real lab runs in real time, so it cannot have speed={speed!r}; leave it out"
            )
        return "real"
    if speed in {"max", "real"}:
        return speed
    if isinstance(speed, bool) or not isinstance(speed, (int, float)) or speed <= 0:
        raise DefinitionError(
            f"speed must be 'max', 'real' or lab seconds per second (> 0), got {speed!r}"
        )
    return float(speed)
