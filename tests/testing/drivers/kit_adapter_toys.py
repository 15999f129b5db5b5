"""A lamp that a library drives."""

from labloop_adapters import BlockingDevice, Signal


class Library:
    """Stands for the library of a maker."""

    def __init__(self):
        self.brightness = 0.0

    def set_brightness(self, value):
        self.brightness = value


class Lamp(BlockingDevice):
    """A table of one signal."""

    model = "L1"
    signals = {"brightness": Signal("%", get="brightness", set="set_brightness", ge=0, le=100)}
    safe = {"brightness": 0}

    def open(self):
        """Return the library's object."""
        return Library()

    def simulate(self):
        """Return the library's object."""
        return Library()
