"""Every shipped driver with its emulator, an action and the limit that must hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labloop.testing.drivers import DriverCase
from labloop_simulators.cases import SHIPPED


@dataclass(frozen=True, slots=True)
class Case:
    """One driver to be fuzzed.

    The lab file limits ``action.argument`` to ``limit``; the emulator's truth log notes what
    was set as ``event`` with the value ``key``.
    """

    shipped: DriverCase
    action: str = ""
    argument: str = ""
    unit: str = "1"
    draw: tuple[float, float] = (0.0, 1.0)
    """From where values are drawn, also beyond the limit."""
    limit: tuple[float, float] = (0.0, 1.0)
    event: str = ""
    key: str = "value"
    also: tuple[str, ...] = ()
    """Other arguments, as ``action.argument``, that set the same and have the same limit."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the action, as (value, unit)."""

    @property
    def driver(self) -> str:
        """Its name among the installed drivers."""
        return self.shipped.driver

    @property
    def limits(self) -> dict[str, dict[str, str]]:
        """The table of limits of the lab file; empty where no argument is limited."""
        if not self.action:
            return {}
        low, high = self.limit
        told = {"min": f"{low} {self.unit}", "max": f"{high} {self.unit}"}
        return dict.fromkeys((f"{self.action}.{self.argument}", *self.also), told)


def shipped(driver: str, title: str = "") -> DriverCase:
    """Return the case of a shipped driver."""
    return next(each for each in SHIPPED if (each.driver, each.title) == (driver, title))


_TEMPERATURE: dict[str, Any] = {
    "action": "set_temperature",
    "argument": "temperature",
    "unit": "degC",
    "draw": (-60.0, 250.0),
    "limit": (0.0, 100.0),
}
_RATE: dict[str, Any] = {
    "action": "set_rate",
    "argument": "rate",
    "unit": "mL/min",
    "draw": (0.0, 90.0),
    "limit": (0.1, 5.0),
    "event": "rate",
    "also": ("dispense.rate",),
}

CASES = [
    Case(shipped("new_era", "safe mode"), **_RATE),
    Case(shipped("new_era", "basic mode"), **_RATE),
    Case(shipped("julabo"), event="setpoint", **_TEMPERATURE),
    Case(shipped("ika"), event="temperature_setpoint", **_TEMPERATURE),
    Case(shipped("uv_detector")),
    Case(shipped("robot_arm")),
    Case(shipped("hplc", "inject")),
    Case(shipped("huber"), event="setpoint", **_TEMPERATURE),
    Case(shipped("mettler")),
    Case(shipped("atlas_ezo", "pH")),
    Case(shipped("hamilton")),
    Case(
        shipped("scpi"),
        "set_voltage",
        "voltage",
        "V",
        (-5.0, 40.0),
        (0.0, 12.0),
        "volt",
    ),
    Case(shipped("harvard"), **_RATE),
    Case(
        shipped("vici"),
        "go_to",
        "position",
        "1",
        (0.0, 12.0),
        (1.0, 6.0),
        "turned",
        "position",
    ),
    Case(
        shipped("cavro"),
        "draw",
        "volume",
        "mL",
        (0.0, 3.0),
        (0.1, 0.5),
        "plunger",
        "to",
        more={"rate": (60.0, "mL/min")},
    ),
]
