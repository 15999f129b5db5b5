"""The lab: devices, the gate around every action, transports and lab time."""

from labloop.lab._action import ActionCall, action, read
from labloop.lab._args import Arg, Choice
from labloop.lab._board import LabJob
from labloop.lab._clock import Clock
from labloop.lab._device import Device, DeviceContext
from labloop.lab._emulated import Truth
from labloop.lab._gate import LeaseCheck
from labloop.lab._host import LabHost, Speed
from labloop.lab._lab import Lab
from labloop.lab._labfile import HoldTable, LabFile, lab_file_of, load_lab_file
from labloop.lab._memory import MemoryJournal
from labloop.lab._procedure import run_procedure
from labloop.lab._registry import find_driver, installed, plan_lab
from labloop.lab._shutdown import SafetyReport
from labloop.lab._signals import signals_to
from labloop.lab._stable import until_stable
from labloop.lab._terminal import Terminal
from labloop.lab._transport import Complete, Resync, Transport, recognised, until, until_etx
from labloop.lab._urls import open_transport

__all__ = [
    "ActionCall",
    "Arg",
    "Choice",
    "Clock",
    "Complete",
    "Device",
    "DeviceContext",
    "HoldTable",
    "Lab",
    "LabFile",
    "LabHost",
    "LabJob",
    "LeaseCheck",
    "MemoryJournal",
    "Resync",
    "SafetyReport",
    "Speed",
    "Terminal",
    "Transport",
    "Truth",
    "action",
    "find_driver",
    "installed",
    "lab_file_of",
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
