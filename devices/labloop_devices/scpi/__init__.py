"""DC sources that speak SCPI."""

from labloop_devices.scpi._driver import ScpiSource

__all__ = ["ScpiSource"]
