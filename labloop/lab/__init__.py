"""The lab: devices, the gate around every action, transports and lab time."""

from labloop.lab.configuration import (
    HoldTable,
    LabFile,
    find_driver,
    installed,
    lab_file_of,
    load_lab_file,
    plan_lab,
)
from labloop.lab.contact import Asked, ask_identity, drivers_to_ask
from labloop.lab.devices import (
    ActionCall,
    ActionSpec,
    Arg,
    Argument,
    Choice,
    Device,
    DeviceContext,
    FirstContact,
    Simulated,
    action,
    read,
    until_stable,
)
from labloop.lab.gate import LeaseCheck, MemoryJournal
from labloop.lab.host import LabHost, LabJob, SafetyReport, Speed, left_running
from labloop.lab.libraries import LibraryTransport
from labloop.lab.procedure import Lab, Occupancy, run_procedure
from labloop.lab.process import Terminal, signals_to
from labloop.lab.time import Clock
from labloop.lab.transports import (
    Complete,
    Resync,
    Transport,
    Truth,
    open_transport,
    recognised,
    until,
    until_etx,
)

__all__ = [
    "ActionCall",
    "ActionSpec",
    "Arg",
    "Argument",
    "Asked",
    "Choice",
    "Clock",
    "Complete",
    "Device",
    "DeviceContext",
    "FirstContact",
    "HoldTable",
    "Lab",
    "LabFile",
    "LabHost",
    "LabJob",
    "LeaseCheck",
    "LibraryTransport",
    "MemoryJournal",
    "Occupancy",
    "Resync",
    "SafetyReport",
    "Simulated",
    "Speed",
    "Terminal",
    "Transport",
    "Truth",
    "action",
    "ask_identity",
    "drivers_to_ask",
    "find_driver",
    "installed",
    "lab_file_of",
    "left_running",
    "load_lab_file",
    "open_transport",
    "plan_lab",
    "read",
    "recognised",
    "run_procedure",
    "signals_to",
    "until",
    "until_etx",
    "until_stable",
]
