"""Lab time: the clock, the event loops behind it, and who takes turns or blocks in them."""

from labloop.lab.time.clock import Clock
from labloop.lab.time.lab_loop import LabLoop
from labloop.lab.time.loop_monitor import LoopMonitor
from labloop.lab.time.priority_lock import URGENT, PriorityLock
from labloop.lab.time.simulated import SimulatedLoop

__all__ = [
    "URGENT",
    "Clock",
    "LabLoop",
    "LoopMonitor",
    "PriorityLock",
    "SimulatedLoop",
]
