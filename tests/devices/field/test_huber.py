"""The thermostat: ten characters both ways, a sensor that is not there, limits that hold."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import DeviceFaultError, ProtocolError
from labloop.lab import LabHost, LabJob, MemoryJournal, lab_file_of
from labloop.records import Mode, Quality
from labloop.units import quantity
from labloop_devices.huber import _protocol as protocol
from labloop_simulators.instruments.huber import HuberEmulator
from labloop_simulators.kit import Fault, TruthLog
from labloop_simulators.worlds.bench import Bench


def answers(bath, *frames, begin=10.0):
    return [
        data
        for second, frame in enumerate(frames)
        for _, data in bath.receive(frame, begin + second)
    ]


def run(procedure, **options):
    world = Bench({"bath": {"emulator": "huber", **options}})
    file = lab_file_of({"lab": {"name": "one"}, "devices": {"bath": {"driver": "huber"}}})

    async def job(lab):
        return {"result": await procedure(lab.bath, world.emulators["bath"], lab)}

    with LabHost(
        file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="c", world=world
    ) as host:
        result = host.run([LabJob("c-0001", job)])[0]["result"]
    return result, world.emulators["bath"]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"{M00****\r\n", b"{S0007D0\r\n"),
        (b"{M01****\r\n", b"{S010898\r\n"),
        (b"{M07****\r\n", b"{S07C504\r\n"),
        (b"{M0A****\r\n", b"{S0A0000\r\n"),
        (b"{M000BB8\r\n", b"{S000BB8\r\n"),
        (b"{M00F060\r\n", b"{S00F060\r\n"),
        (b"{M140001\r\n", b"{S140001\r\n"),
        (b"{M30****\r\n", b"{S30EE6C\r\n"),
        (b"{M1B****\r\n", b"{S1BD778\r\n"),
        (b"{M1C****\r\n", b"{S1C0002\r\n"),
        (b"{m0a****\r\n", b"{S0A0000\r\n"),
    ],
)
def test_a_transcript_of_the_manual(sent, told):
    """PB manual, chapters 3, 5 and 6: -151.00 degC is C504, -40 degC F060."""
    assert answers(HuberEmulator("bath", TruthLog()), sent) == [told]


@pytest.mark.parametrize(
    "sent", [b"{MFF****\r\n", b"{S00****\r\n", b"{M00***\r\n", b"{M00*****\r\n", b"{MZZ****\r\n"]
)
def test_a_frame_that_breaks_a_rule_is_not_answered(sent):
    bath = HuberEmulator("bath", TruthLog())
    assert answers(bath, sent, b"{M00****\r\n") == [b"{S0007D0\r\n"]


def test_a_setpoint_out_of_range_is_not_kept():
    bath = HuberEmulator("bath", TruthLog())
    assert answers(bath, b"{M007530\r\n") == [b"{S0007D0\r\n"]


@pytest.mark.parametrize("celsius", [-125.0, -40.0, -0.01, 0.0, 20.0, 327.67])
def test_a_temperature_survives_the_wire(celsius):
    frame = protocol.set_temperature(celsius)
    value = protocol.parse(b"{S" + frame[2:], protocol.SETPOINT)
    assert protocol.celsius(value) == celsius


@given(st.binary(max_size=24))
def test_no_bytes_break_the_parser(noise):
    with suppress(ProtocolError):
        assert 0 <= protocol.parse(noise, 0) <= 0xFFFF
    assert 0 <= protocol.frame_length(noise) <= len(noise)


def test_an_answer_of_another_address_is_refused():
    with pytest.raises(ProtocolError, match="asked was 00"):
        protocol.parse(b"{S0107D0\r\n", protocol.SETPOINT)


def test_a_temperature_is_set_reached_and_held():
    async def job(bath, _emulator, lab):
        await bath.set_temperature(quantity(60, "degC"))
        await bath.start()
        reached = await bath.wait_until_stable()
        return reached, (await bath.running()).value, lab.now().magnitude

    (reached, running, seconds), emulator = run(job)
    assert reached == pytest.approx(60.0, abs=0.2)
    assert running == 1.0
    assert seconds > 400.0
    assert not emulator.running
    assert not emulator.circulating


def test_a_sensor_that_is_not_there_is_no_temperature():
    async def job(bath, _emulator, _lab):
        return await bath.process_temperature()

    reading, _ = run(job)
    assert (reading.value, reading.quality) == (None, Quality.INVALID)
    reading, _ = run(job, process_sensor=True)
    assert (reading.value, reading.quality) == (22.0, Quality.OK)


def test_a_temperature_beyond_the_thermostats_own_limits_is_told_with_them():
    async def job(bath, _emulator, _lab):
        with pytest.raises(DeviceFaultError, match=r"limits are -45.0 and 200.0"):
            await bath.set_temperature(quantity(300, "degC"))
        return (await bath.setpoint()).value

    assert run(job)[0] == 20.0


def test_a_pump_that_stalls_is_told_before_it_is_started_again():
    async def job(bath, emulator, _lab):
        await bath.start()
        emulator.faults.add(Fault("stall", emulator.count + 1))
        with pytest.raises(DeviceFaultError, match="error -1"):
            await bath.start()
        return (await bath.running()).value

    assert run(job)[0] == 0.0
