"""What emulators are made of: framing, pacing, faults and a log of the truth."""

from labloop_simulators.kit._emulator import Emulator, Reply, World
from labloop_simulators.kit._faults import Fault, FaultKind, FaultPlan
from labloop_simulators.kit._tcp import serve_tcp, serve_world
from labloop_simulators.kit._truth import TruthEvent, TruthFrame, TruthLog

__all__ = [
    "Emulator",
    "Fault",
    "FaultKind",
    "FaultPlan",
    "Reply",
    "TruthEvent",
    "TruthFrame",
    "TruthLog",
    "World",
    "serve_tcp",
    "serve_world",
]
