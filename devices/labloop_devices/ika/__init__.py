"""IKA RCT digital: hotplate, stirrer and external probe over NAMUR."""

from labloop_devices.ika._driver import IkaHotplate

__all__ = ["IkaHotplate"]
