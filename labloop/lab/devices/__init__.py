"""The base of every driver: devices, their actions and reads, and what these are given."""

from labloop.lab.devices.actions import ActionCall, action, read
from labloop.lab.devices.arguments import ActionSpec, Arg, Argument, Choice
from labloop.lab.devices.device import Device, DeviceContext, Simulated
from labloop.lab.devices.scope import SCOPE, Scope, action_number, not_awaited, start_number
from labloop.lab.devices.stability import until_stable

__all__ = [
    "SCOPE",
    "ActionCall",
    "ActionSpec",
    "Arg",
    "Argument",
    "Choice",
    "Device",
    "DeviceContext",
    "Scope",
    "Simulated",
    "action",
    "action_number",
    "not_awaited",
    "read",
    "start_number",
    "until_stable",
]
