"""The process that owns a lab: its operating system, its signals, its terminal and its end.

Here belongs what differs between operating systems and what a program as a whole does; nothing
here knows a device. How a lab is made safe belongs to ``host``. Read ``signals.py`` first.
"""

from pathlib import Path

from labloop.lab.process.at_exit import close_at_exit, closed
from labloop.lab.process.forks import forget, keep_from_children
from labloop.lab.process.other_process import OtherProcess
from labloop.lab.process.platform import (
    END_SIGNALS,
    ask_for_precedence,
    interrupt,
    lock_folder,
    open_for_all,
    serial_options,
    thread_clock,
    try_lock,
    unlock,
)
from labloop.lab.process.signals import signals_raised, signals_to
from labloop.lab.process.terminal import Terminal, say
from labloop.lab.process.watchdog_process import BEAT, END, WatchdogProcess

GUARD = str(Path(__file__).with_name("guard.py"))
"""The script that runs a program and ends it with this process; see there."""

__all__ = [
    "BEAT",
    "END",
    "END_SIGNALS",
    "GUARD",
    "OtherProcess",
    "Terminal",
    "WatchdogProcess",
    "ask_for_precedence",
    "close_at_exit",
    "closed",
    "forget",
    "interrupt",
    "keep_from_children",
    "lock_folder",
    "open_for_all",
    "say",
    "serial_options",
    "signals_raised",
    "signals_to",
    "thread_clock",
    "try_lock",
    "unlock",
]
