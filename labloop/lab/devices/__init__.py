"""The base of every driver: devices, their actions and reads, and what these may be given.

Here belongs what an author of a driver needs beside a transport. Bytes belong to
``transports``, calls of libraries to ``libraries``, the checks of an action to ``gate``. Read
``device.py`` first, then ``actions.py``.
"""

from labloop.lab.devices.actions import ActionCall, ActionMethod, action, read
from labloop.lab.devices.arguments import ActionSpec, Arg, Argument, Choice
from labloop.lab.devices.device import Device, DeviceContext, Simulated
from labloop.lab.devices.executed import ask_executed, can_tell
from labloop.lab.devices.first_contact import FirstContact
from labloop.lab.devices.scope import (
    INTENT_ID,
    SCOPE,
    STEP,
    Scope,
    action_number,
    not_awaited,
    start_number,
)
from labloop.lab.devices.stability import until_stable

__all__ = [
    "INTENT_ID",
    "SCOPE",
    "STEP",
    "ActionCall",
    "ActionMethod",
    "ActionSpec",
    "Arg",
    "Argument",
    "Choice",
    "Device",
    "DeviceContext",
    "FirstContact",
    "Scope",
    "Simulated",
    "action",
    "action_number",
    "ask_executed",
    "can_tell",
    "not_awaited",
    "read",
    "start_number",
    "until_stable",
]
