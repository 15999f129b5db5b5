"""Mettler Toledo balances that speak MT-SICS."""

from labloop_devices.mettler._driver import MettlerBalance

__all__ = ["MettlerBalance"]
