"""New Era NE-1000 family: syringe pumps over RS-232, with checksums and a dead-man."""

from labloop_devices.new_era._driver import NewEraPump

__all__ = ["NewEraPump"]
