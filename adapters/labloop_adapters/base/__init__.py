"""What every adapter is made of: blocking calls, signals, and what answers in simulation."""

from labloop_adapters.base.blocking import BlockingDevice, Refused
from labloop_adapters.base.importing import class_of, library
from labloop_adapters.base.signals import Signal
from labloop_adapters.base.simulated import Follows, SimulatedSignals

__all__ = [
    "BlockingDevice",
    "Follows",
    "Refused",
    "Signal",
    "SimulatedSignals",
    "class_of",
    "library",
]
