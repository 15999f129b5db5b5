"""Harvard Apparatus syringe pumps (PHD Ultra, Pump 11 Elite)."""

from labloop_devices.harvard._driver import HarvardPump

__all__ = ["HarvardPump"]
