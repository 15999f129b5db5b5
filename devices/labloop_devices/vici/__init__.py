"""VICI Valco valves with a universal actuator."""

from labloop_devices.vici._driver import ViciValve

__all__ = ["ViciValve"]
