"""The base of every driver: devices, their actions and reads, and what these are given."""

from labloop.lab.devices.actions import ActionCall, action, read
from labloop.lab.devices.arguments import ActionSpec, Arg, Argument, Choice
from labloop.lab.devices.device import Device, DeviceContext
from labloop.lab.devices.scope import SCOPE, Scope, not_awaited, number_of, starts_of
from labloop.lab.devices.stable import until_stable

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
    "action",
    "not_awaited",
    "number_of",
    "read",
    "starts_of",
    "until_stable",
]
