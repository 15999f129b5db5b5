"""An adapter: a Python library that speaks to an instrument, as a device of a lab.

Copy to ``adapters/labloop_adapters/<library>.py``, or keep it beside your lab file, which names it
as ``driver = "module:Lamp"``. It says how the library is opened, which signals it has and what is
safe; journal, limits, the thread and the simulation come with the base class. It passes
``labloop.testing.drivers.driver_checks(wire=False)``.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

from labloop_adapters import BlockingDevice, Follows, Signal


class Lamp(BlockingDevice):
    """A lamp whose library has the attributes ``level`` and ``power``."""

    model = "LAMP"
    signals: ClassVar[Mapping[str, Signal]] = {
        "level": Signal(
            "%", get="level", set="level", ge=0, le=100, doc="How bright it should be."
        ),
        "power": Signal("W", get="power", doc="What it takes from the mains."),
    }
    safe: ClassVar[Mapping[str, Any]] = {"level": 0.0}
    simulation: ClassVar[Mapping[str, Follows]] = {
        "power": Follows("level", lag=2.0, gain=0.6, offset=1.0)
    }

    def open(self) -> Any:
        """Return the library's object; a real one is imported and connected here."""
        return SimpleNamespace(level=0.0, power=1.0)
