"""Promise: the drivers of bench instruments keep the contract that labloop asks of anybody's."""

from functools import partial

import pytest

from labloop.testing.drivers import DriverCase, driver_checks
from labloop.units import quantity
from labloop_simulators.worlds.bench import Bench


def case(name, act, prepare=None, emulator=None, **options):
    world = partial(Bench, {"it": emulator or name})
    return DriverCase(name, world, "it", act, options=options, prepare=prepare)


CASES = [
    case("mettler", lambda balance: balance.tare()),
    case(
        "cavro",
        lambda pump: pump.turn_valve("output"),
        prepare=lambda pump: pump.initialize(),
        syringe="2.5 mL",
    ),
    case("vici", lambda valve: valve.go_to(3)),
    case("harvard", lambda pump: pump.set_rate(quantity(1, "mL/min")), diameter="14.6 mm"),
    case("atlas_ezo", lambda probe: probe.compensate(quantity(20, "degC")), kind="pH"),
    case(
        "hamilton",
        lambda diluter: diluter.turn_valve("output"),
        prepare=lambda diluter: diluter.initialize(),
        syringe="2.5 mL",
    ),
    case("scpi", lambda supply: supply.set_voltage(quantity(5, "V"))),
    case("huber", lambda bath: bath.set_temperature(quantity(60, "degC"))),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.driver)
@pytest.mark.parametrize("check", driver_checks(), ids=lambda check: check.name)
def test_every_driver_keeps_the_contract(check, case):
    check(case)
