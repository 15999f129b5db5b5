"""HPLC with autosampler over its line protocol."""

from labloop_devices.hplc._driver import Hplc

__all__ = ["Hplc"]
