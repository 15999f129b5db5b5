"""Hamilton Microlab 600 diluters."""

from labloop_devices.hamilton._driver import HamiltonDiluter

__all__ = ["HamiltonDiluter"]
