"""Huber thermostats that speak PB."""

from labloop_devices.huber._driver import HuberThermostat

__all__ = ["HuberThermostat"]
