"""Drivers of other libraries as devices: journal, limits and safe states hold for them, too."""

from labloop_adapters.base import BlockingDevice, Follows, Signal

__all__ = ["BlockingDevice", "Follows", "Signal"]
