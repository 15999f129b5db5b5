"""The host of a lab: it opens the devices, runs experiments on them and leaves them safe.

Here belongs what happens to a lab as a whole: opening, running jobs, watchdogs, locks, holds,
the end. What one action or one experiment may do belongs to ``gate`` and ``procedure``. Read
``host.py`` first (the face), then ``open_lab.py`` (what exists while the lab is open) and
``shutdown.py`` (how it ends).
"""

from labloop.lab.host.host import LabHost
from labloop.lab.host.instrument_locks import InstrumentLocks
from labloop.lab.host.jobs import LabJob
from labloop.lab.host.safety import SafetyReport, WatchOrder, left_running
from labloop.lab.host.setup import Speed

__all__ = [
    "InstrumentLocks",
    "LabHost",
    "LabJob",
    "SafetyReport",
    "Speed",
    "WatchOrder",
    "left_running",
]
