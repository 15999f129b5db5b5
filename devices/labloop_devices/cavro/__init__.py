"""Tecan Cavro syringe pumps (XP 3000, XCalibur, XLP 6000)."""

from labloop_devices.cavro._driver import CavroPump

__all__ = ["CavroPump"]
