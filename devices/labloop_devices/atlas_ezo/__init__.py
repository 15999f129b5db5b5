"""Atlas Scientific EZO circuits on a serial line."""

from labloop_devices.atlas_ezo._driver import EzoProbe

__all__ = ["EzoProbe"]
