"""Promise: every driver that ships keeps the contract that labloop asks of anybody's."""

import pytest

from labloop.testing.drivers import DriverCase, driver_checks
from labloop.units import quantity
from labloop_simulators.bodies.liquids import Liquid
from labloop_simulators.worlds.flow_reactor import FlowReactor
from labloop_simulators.worlds.reaction_robot import ReactionRobot, create

RATE = quantity(1, "mL/min")


def robot() -> ReactionRobot:
    return create(0, {})


def chromatograph() -> ReactionRobot:
    """The robot's lab, with something in the first cup of the HPLC's tray."""
    world = create(0, {})
    cup = world.deck.slots["cup_1"].vessel
    assert cup is not None
    cup.pour(Liquid(50.0, {}), 0.0)
    return world


async def injected(hplc) -> None:
    await hplc.inject("cup_1")


CASES = [
    DriverCase(
        "new_era",
        FlowReactor,
        "pump_a",
        lambda pump: pump.set_rate(RATE),
        options={"diameter": "14.6 mm"},
    ),
    DriverCase(
        "julabo",
        FlowReactor,
        "thermostat",
        lambda bath: bath.set_temperature(quantity(80, "degC")),
    ),
    DriverCase("uv_detector", FlowReactor, "detector", lambda detector: detector.scan()),
    DriverCase(
        "ika",
        robot,
        "hotplate_1",
        lambda plate: plate.set_temperature(quantity(60, "degC")),
    ),
    DriverCase(
        "ika",
        robot,
        "hotplate_1",
        lambda plate: plate.set_temperature(quantity(60, "degC")),
        options={"watchdog": "60 s"},
    ),
    DriverCase(
        "robot_arm", robot, "arm", lambda arm: arm.pick_up_tip(), prepare=lambda arm: arm.home()
    ),
    DriverCase("hplc", chromatograph, "hplc", injected),
    DriverCase("hplc", chromatograph, "hplc", lambda hplc: hplc.chromatogram(), prepare=injected),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.driver)
@pytest.mark.parametrize("check", driver_checks(), ids=lambda check: check.name)
def test_every_driver_keeps_the_contract(check, case):
    check(case)
