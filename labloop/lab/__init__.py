"""The lab: devices, the gate around every action, transports and lab time.

A name is loaded when it is first used: a process that carries one function out loads no lab.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labloop.lab.configuration import (
        HoldTable,
        LabFile,
        device_named,
        find_driver,
        installed,
        lab_file_of,
        load_lab_file,
        make_world,
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
        Difference,
        Resync,
        Session,
        Transport,
        Truth,
        differences,
        note_in_transcript,
        open_transport,
        read_transcript,
        recognised,
        session_of,
        until,
        until_etx,
    )
    from labloop.lab.work import (
        LOADING_SCRIPT,
        Attempts,
        ClusterJob,
        Command,
        Function,
        Notebook,
        Retry,
        StopFlag,
        Work,
        WorkCall,
        WorkJournal,
        as_work,
        class_path,
        close_attempt,
        is_attempt,
        log_of,
        progress,
    )

_HOME = {
    "configuration": (
        "HoldTable",
        "LabFile",
        "device_named",
        "device_named",
        "find_driver",
        "installed",
        "lab_file_of",
        "load_lab_file",
        "make_world",
        "plan_lab",
    ),
    "contact": ("Asked", "ask_identity", "drivers_to_ask"),
    "devices": (
        "ActionCall",
        "ActionSpec",
        "Arg",
        "Argument",
        "Choice",
        "Device",
        "DeviceContext",
        "FirstContact",
        "Simulated",
        "action",
        "read",
        "until_stable",
    ),
    "gate": ("LeaseCheck", "MemoryJournal"),
    "host": ("LabHost", "LabJob", "SafetyReport", "Speed", "left_running"),
    "libraries": ("LibraryTransport",),
    "procedure": ("Lab", "Occupancy", "run_procedure"),
    "process": ("Terminal", "signals_to"),
    "time": ("Clock",),
    "transports": (
        "Complete",
        "Difference",
        "Resync",
        "Session",
        "Transport",
        "Truth",
        "differences",
        "note_in_transcript",
        "open_transport",
        "read_transcript",
        "recognised",
        "session_of",
        "until",
        "until_etx",
    ),
    "work": (
        "LOADING_SCRIPT",
        "Attempts",
        "ClusterJob",
        "Command",
        "Function",
        "Notebook",
        "Retry",
        "StopFlag",
        "Work",
        "WorkCall",
        "WorkJournal",
        "as_work",
        "class_path",
        "close_attempt",
        "is_attempt",
        "log_of",
        "progress",
    ),
}
_WHERE = {name: wing for wing, names in _HOME.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'labloop.lab' has no attribute {name!r}")
    value = getattr(import_module(f"labloop.lab.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "LOADING_SCRIPT",
    "ActionCall",
    "ActionSpec",
    "Arg",
    "Argument",
    "Asked",
    "Attempts",
    "Choice",
    "Clock",
    "ClusterJob",
    "Command",
    "Complete",
    "Device",
    "DeviceContext",
    "Difference",
    "FirstContact",
    "Function",
    "HoldTable",
    "Lab",
    "LabFile",
    "LabHost",
    "LabJob",
    "LeaseCheck",
    "LibraryTransport",
    "MemoryJournal",
    "Notebook",
    "Occupancy",
    "Resync",
    "Retry",
    "SafetyReport",
    "Session",
    "Simulated",
    "Speed",
    "StopFlag",
    "Terminal",
    "Transport",
    "Truth",
    "Work",
    "WorkCall",
    "WorkJournal",
    "action",
    "as_work",
    "ask_identity",
    "class_path",
    "close_attempt",
    "device_named",
    "differences",
    "drivers_to_ask",
    "find_driver",
    "installed",
    "is_attempt",
    "lab_file_of",
    "left_running",
    "load_lab_file",
    "log_of",
    "make_world",
    "note_in_transcript",
    "open_transport",
    "plan_lab",
    "progress",
    "read",
    "read_transcript",
    "recognised",
    "run_procedure",
    "session_of",
    "signals_to",
    "until",
    "until_etx",
    "until_stable",
]
