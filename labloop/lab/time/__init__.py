"""Lab time: the clock, the event loops behind it, and who takes turns or blocks in them."""

from labloop.lab.time.blocking import Watchdog
from labloop.lab.time.clock import Clock
from labloop.lab.time.loops import LabLoop
from labloop.lab.time.simulated import SimulatedLoop
from labloop.lab.time.turn import URGENT, Turn

__all__ = [
    "URGENT",
    "Clock",
    "LabLoop",
    "SimulatedLoop",
    "Turn",
    "Watchdog",
]
