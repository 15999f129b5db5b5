"""What emulators are made of: framing, pacing, faults and a log of the truth."""

from labloop_simulators.kit._catalogue import make_emulator, read_option, shipped
from labloop_simulators.kit._emulator import Emulator, Reply, World
from labloop_simulators.kit._faults import Fault, FaultKind, FaultPlan, unescaped
from labloop_simulators.kit._serving import serve_pty, serve_tcp, serve_world
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
    "make_emulator",
    "read_option",
    "serve_pty",
    "serve_tcp",
    "serve_world",
    "shipped",
    "unescaped",
]
