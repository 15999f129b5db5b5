"""Making a lab safe: the safe states, the report of them, and the instruments' watchdogs.

Here belongs what brings devices into their safe state and keeps armed watchdogs fed. When that
happens belongs to ``shutdown.py``, one folder up. Read ``safe_states.py`` first.
"""

from labloop.lab.host.safety.safe_states import TOTAL_SECONDS, SafeStates
from labloop.lab.host.safety.safety_report import (
    NOT_SAFE,
    PROCEDURE_SECONDS,
    SafetyReport,
    left_running,
)
from labloop.lab.host.safety.watchdog_feeder import WatchdogFeeder

__all__ = [
    "NOT_SAFE",
    "PROCEDURE_SECONDS",
    "TOTAL_SECONDS",
    "SafeStates",
    "SafetyReport",
    "WatchdogFeeder",
    "left_running",
]
