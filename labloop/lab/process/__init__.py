"""The process that owns a lab: its operating system, its signals and its terminal."""

from labloop.lab.process.platform import (
    lock_folder,
    open_for_all,
    serial_options,
    thread_clock,
    try_lock,
    unlock,
)
from labloop.lab.process.signals import signals_raised, signals_to
from labloop.lab.process.terminal import Terminal, say

__all__ = [
    "Terminal",
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
