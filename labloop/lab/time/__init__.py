"""Lab time: the clock, and the event loops behind it in real and in simulated time.

Here belongs what makes time pass, waits for it or watches the event loop. Whoever waits (a
device, a step, a safe state) belongs to the wings above. Read ``clock.py`` first, then
``lab_loop.py`` (real time) and ``simulated.py``; ``stepped.py`` where another process keeps time.
"""

from labloop.lab.time.clock import Clock
from labloop.lab.time.lab_loop import LabLoop
from labloop.lab.time.loop_monitor import LoopMonitor
from labloop.lab.time.priority_lock import URGENT, PriorityLock
from labloop.lab.time.simulated import SimulatedLoop
from labloop.lab.time.stepped import SteppedLoop, TimeKeeper

__all__ = [
    "URGENT",
    "Clock",
    "LabLoop",
    "LoopMonitor",
    "PriorityLock",
    "SimulatedLoop",
    "SteppedLoop",
    "TimeKeeper",
]
