"""Julabo circulators: baths that hold a temperature, over RS-232 or RS-485."""

from labloop_devices.julabo._driver import JulaboThermostat

__all__ = ["JulaboThermostat"]
