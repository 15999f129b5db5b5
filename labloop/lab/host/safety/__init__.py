"""Making a lab safe: the safe states, the report of them, and signs of life for watchdogs.

Here belongs what brings devices into their safe state and keeps watchdogs fed: those of the
instruments, and the watchdog process. When that
happens belongs to ``shutdown.py``, one folder up. Read ``safe_states.py`` first.
"""

from labloop.lab.host.safety.heartbeat import Heartbeat
from labloop.lab.host.safety.safe_states import TOTAL_SECONDS, SafeStates
from labloop.lab.host.safety.safety_report import (
    PROCEDURE_SECONDS,
    SafetyReport,
    left_running,
)
from labloop.lab.host.safety.watch_order import WatchOrder
from labloop.lab.host.safety.watchdog_feeder import WatchdogFeeder

__all__ = [
    "PROCEDURE_SECONDS",
    "TOTAL_SECONDS",
    "Heartbeat",
    "SafeStates",
    "SafetyReport",
    "WatchOrder",
    "WatchdogFeeder",
    "left_running",
]
