"""Promise: several instruments with addresses share one line, and no answer goes to another."""

import contextlib

import pytest

from labloop.errors import DeviceError
from labloop.lab import LabHost, MemoryJournal, lab_file_of
from labloop.records import Mode
from labloop.units import quantity
from labloop_simulators.instruments.cavro import CavroEmulator
from labloop_simulators.instruments.julabo import JulaboEmulator
from labloop_simulators.kit import Fault, TruthLog, serve_tcp


def host_of(driver, url, addresses, limits, **options):
    devices = {
        f"d{a}": {
            "driver": driver,
            "url": url,
            "serial_number": f"seen {a}",
            "options": {"address": a} | options,
            "limits": limits,
        }
        for a in addresses
    }
    return LabHost(
        lab_file_of({"lab": {"name": "bus"}, "devices": devices}),
        mode=Mode.REAL,
        journal=MemoryJournal(),
        campaign_id="t",
    )


BATH = {"set_temperature.temperature": {"min": "0 degC", "max": "100 degC"}}
PUMP = {"draw.volume": {"max": "3 mL"}}


def baths():
    truth = TruthLog()
    return [JulaboEmulator(f"b{a}", truth, address=a, baud=115_200) for a in (3, 32)]


def test_two_circulators_on_one_rs485_line_keep_their_own_setpoints():
    """SL-26 manual, page 82: the address stands before command and answer."""
    emulators = baths()
    with (
        serve_tcp(*emulators) as url,
        host_of("julabo", url, (3, 32), BATH) as host,
    ):
        host.call(lambda lab: lab.d3.set_temperature(quantity(40, "degC")))
        host.call(lambda lab: lab.d32.set_temperature(quantity(70, "degC")))
        assert host.call(lambda lab: lab.d3.setpoint()).value == 40.0
        assert host.call(lambda lab: lab.d32.setpoint()).value == 70.0
    assert [each.setpoint for each in emulators] == [40.0, 70.0]
    assert not [e for e in emulators[0].truth.events if e.event == "command_lost"]


@pytest.mark.parametrize("late", [1.9, 2.1])
def test_a_late_answer_of_one_circulator_is_not_taken_by_the_other(late):
    emulators = baths()
    with (
        serve_tcp(*emulators) as url,
        host_of("julabo", url, (3, 32), BATH) as host,
    ):
        host.call(lambda lab: lab.d3.set_temperature(quantity(40, "degC")))
        emulators[0].faults.add(Fault("delay", emulators[0].count + 1, seconds=late))
        with contextlib.suppress(DeviceError):
            host.call(lambda lab: lab.d3.setpoint())
        assert host.call(lambda lab: lab.d32.setpoint()).value == 25.0
        assert host.call(lambda lab: lab.d3.setpoint()).value == 40.0


def pumps():
    truth = TruthLog()
    return [CavroEmulator(f"p{a}", truth, address=a, initialized=True) for a in (0, 5)]


def test_two_pumps_on_one_line_hold_their_own_volumes():
    with (
        serve_tcp(*pumps()) as url,
        host_of("cavro", url, (0, 5), PUMP, syringe="3 mL") as host,
    ):
        host.call(lambda lab: lab.d0.draw(quantity(0.5, "mL"), quantity(60, "mL/min")))
        assert host.call(lambda lab: lab.d0.volume()).value == pytest.approx(0.5)
        assert host.call(lambda lab: lab.d5.volume()).value == 0.0


@pytest.mark.parametrize("late", [0.95, 1.05, 1.2])
def test_a_late_answer_that_bears_no_address_is_not_taken_by_the_other_pump(late):
    """What a pump owes is settled before another one on its line is asked."""
    emulators = pumps()
    with (
        serve_tcp(*emulators) as url,
        host_of("cavro", url, (0, 5), PUMP, syringe="3 mL") as host,
    ):
        host.call(lambda lab: lab.d0.draw(quantity(0.5, "mL"), quantity(60, "mL/min")))

        async def one_then_the_other(lab):
            told = []
            for _ in range(3):
                emulators[0].faults.add(Fault("delay", emulators[0].count + 1, seconds=late))
                # Slower than what the other one owes: it would come first.
                emulators[1].faults.add(Fault("delay", emulators[1].count + 2, seconds=0.3))
                device = lab.d0
                with contextlib.suppress(DeviceError):
                    await device._ask_once("?", lambda answer: answer)
                told.append((await lab.d5.volume()).value)
            return told, (await lab.d0.volume()).value

        others, own = host.call(one_then_the_other)
        assert others == [0.0, 0.0, 0.0]
        assert own == pytest.approx(0.5)
