"""Every shipped driver with its emulator, an action and the limit that must hold."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labloop_simulators.bodies.liquids import Liquid
from labloop_simulators.worlds.bench import Bench
from labloop_simulators.worlds.flow_reactor import FlowReactor
from labloop_simulators.worlds.reaction_robot import create as reaction_robot


@dataclass(frozen=True, slots=True)
class Case:
    """One driver to be fuzzed.

    The lab file limits ``action.argument`` to ``limit``; the emulator's truth log notes what
    was set as ``event`` with the value ``key``.
    """

    driver: str
    world: Callable[[], Any]
    device: str
    action: str = ""
    argument: str = ""
    unit: str = "1"
    draw: tuple[float, float] = (0.0, 1.0)
    """From where values are drawn, also beyond the limit."""
    limit: tuple[float, float] = (0.0, 1.0)
    event: str = ""
    key: str = "value"
    options: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the action, as (value, unit)."""
    prepare: Callable[[Any], Awaitable[Any]] | None = None


def bench(name: str) -> Callable[[], Bench]:
    """Return what makes a world with one emulator of that name."""
    return lambda: Bench({"it": name})


def chromatograph() -> Any:
    """Return the robot's lab with something in the first cup."""
    world = reaction_robot(0, {})
    cup = world.deck.slots["cup_1"].vessel
    if cup is not None:
        cup.pour(Liquid(50.0, {}), 0.0)
    return world


_TEMPERATURE: dict[str, Any] = {
    "action": "set_temperature",
    "argument": "temperature",
    "unit": "degC",
    "draw": (-60.0, 250.0),
    "limit": (0.0, 100.0),
}

CASES = [
    Case(
        "new_era",
        FlowReactor,
        "pump_a",
        "set_rate",
        "rate",
        "mL/min",
        (0.0, 90.0),
        (0.1, 5.0),
        "rate",
        options={"diameter": "14.6 mm"},
    ),
    Case(
        "new_era",
        FlowReactor,
        "pump_a",
        "set_rate",
        "rate",
        "mL/min",
        (0.0, 90.0),
        (0.1, 5.0),
        "rate",
        options={"diameter": "14.6 mm", "mode": "basic"},
    ),
    Case("julabo", FlowReactor, "thermostat", event="setpoint", **_TEMPERATURE),
    Case(
        "ika",
        lambda: reaction_robot(0, {}),
        "hotplate_1",
        event="temperature_setpoint",
        **_TEMPERATURE,
    ),
    Case("uv_detector", FlowReactor, "detector"),
    Case("robot_arm", lambda: reaction_robot(0, {}), "arm", prepare=lambda arm: arm.home()),
    Case("hplc", chromatograph, "hplc"),
    Case("huber", bench("huber"), "it", event="setpoint", **_TEMPERATURE),
    Case("mettler", bench("mettler"), "it"),
    Case("atlas_ezo", bench("atlas_ezo"), "it", options={"kind": "pH"}),
    Case(
        "hamilton",
        bench("hamilton"),
        "it",
        options={"syringe": "2.5 mL"},
        prepare=lambda diluter: diluter.initialize(),
    ),
    Case(
        "scpi",
        bench("scpi"),
        "it",
        "set_voltage",
        "voltage",
        "V",
        (-5.0, 40.0),
        (0.0, 12.0),
        "volt",
    ),
    Case(
        "harvard",
        bench("harvard"),
        "it",
        "set_rate",
        "rate",
        "mL/min",
        (0.0, 90.0),
        (0.1, 5.0),
        "rate",
        options={"diameter": "14.6 mm"},
    ),
    Case(
        "vici",
        bench("vici"),
        "it",
        "go_to",
        "position",
        "1",
        (0.0, 12.0),
        (1.0, 6.0),
        "turned",
        "position",
    ),
    Case(
        "cavro",
        bench("cavro"),
        "it",
        "draw",
        "volume",
        "mL",
        (0.0, 3.0),
        (0.1, 0.5),
        "plunger",
        "to",
        options={"syringe": "3 mL"},
        more={"rate": (60.0, "mL/min")},
        prepare=lambda pump: pump.initialize(),
    ),
]
