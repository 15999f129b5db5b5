"""The probe: acknowledgement and datum in either order, readings that nobody asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import DeviceFaultError, ProtocolError, WrongDeviceError
from labloop.lab import LabHost, LabJob, MemoryJournal, lab_file_of
from labloop.records import Mode
from labloop.units import quantity
from labloop_devices.atlas_ezo import _protocol as protocol
from labloop_simulators.instruments.atlas_ezo import EzoEmulator
from labloop_simulators.kit import Fault, TruthLog
from labloop_simulators.worlds.bench import Bench


def said(probe, *texts, begin=10.0):
    return [
        data.decode()
        for second, text in enumerate(texts)
        for _, data in probe.receive(text.encode() + b"\r", begin + 3 * second)
    ]


def run(procedure, kind="pH", **emulator):
    world = Bench({"probe": {"emulator": "atlas_ezo", "kind": kind, **emulator}})
    table = {"driver": "atlas_ezo", "options": {"kind": kind}}
    file = lab_file_of({"lab": {"name": "one"}, "devices": {"probe": table}})

    async def job(lab):
        return {"result": await procedure(lab.probe, world.emulators["probe"], lab)}

    with LabHost(
        file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="c", world=world
    ) as host:
        return host.run([LabJob("c-0001", job)])[0]["result"]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (("R",), ["7.000\r*OK\r"]),
        (("r",), ["7.000\r*OK\r"]),
        (("i",), ["?i,pH,2.12\r*OK\r"]),
        (("Status",), ["?STATUS,P,5.038\r*OK\r"]),
        (("T,19.5", "T,?"), ["*OK\r", "?T,19.50\r*OK\r"]),
        (("RT,20",), ["7.000\r*OK\r"]),
        (("Cal,mid,7.00", "Cal,low,4", "Cal,?", "Cal,clear", "Cal,?"),
         ["*OK\r", "*OK\r", "?CAL,2\r*OK\r", "*OK\r", "?CAL,0\r*OK\r"]),
        (("C,?", "C,100", "HELLO", "T,x"), ["?C,0\r*OK\r", "*ER\r", "*ER\r", "*ER\r"]),
        (("Name,reactor", "Name,?"), ["*OK\r", "?NAME,reactor\r*OK\r"]),
        (("*OK,0", "T,20", "R"), ["7.000\r"]),
        (("Sleep", "R", "R"), ["*SL\r", "*WA\r", "7.000\r*OK\r"]),
    ],
)  # fmt: skip
def test_a_transcript_of_the_datasheet(sent, told):
    """EZO-pH datasheet V 5.8, pages 18 to 34."""
    assert said(EzoEmulator("probe", TruthLog(), continuous=0), *sent) == told


def test_a_circuit_from_the_factory_speaks_unasked_until_it_is_told_not_to():
    probe = EzoEmulator("probe", TruthLog())
    assert [data for _, data in probe.unasked(3.1)] == [b"7.000\r"] * 3
    assert said(probe, "C,0", begin=4.1)[-1] == "*OK\r"
    assert probe.unasked(100.0) == []
    probe.power_cycle(101.0)
    assert [data for _, data in probe.unasked(102.0)] == [b"*RS\r", b"*RE\r"]


@pytest.mark.parametrize(
    "reply", [b"7.000\r*OK\r", b"*OK\r7.000\r", b"*WA\r7.000\r*OK\r", b"6.9\r7.000\r*OK\r"]
)
def test_either_order_is_read_and_what_nobody_asked_for_passed_by(reply):
    datum = protocol.parse(reply, "R")
    assert protocol.parse_number(datum) == 7.0
    assert protocol.answer_length(datum=True)(reply) in {len(reply), len(b"6.9\r7.000\r*OK\r")}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"*ER\r", DeviceFaultError),
        (b"*OV\r7.0\r*OK\r", DeviceFaultError),
        (b"7.0\r", ProtocolError),
        (b"7.0\r*OJ\r*OK\r", ProtocolError),
        (b"\xff\r*OK\r", ProtocolError),
    ],
)
def test_what_is_no_answer_is_told(reply, error):
    with pytest.raises(error):
        protocol.parse(reply, "R")


@given(st.binary(max_size=60))
def test_no_bytes_break_parser_or_circuit(noise):
    for datum in (True, False):
        assert 0 <= protocol.answer_length(datum=datum)(noise) <= len(noise)
    for parse in (protocol.parse_number, protocol.parse_identity, protocol.parse_status):
        try:
            parse(protocol.parse(noise, "R"))
        except (ProtocolError, DeviceFaultError):
            continue
    probe = EzoEmulator("probe", TruthLog(), continuous=0)
    probe.receive(noise + b"\r", 1.0)
    probe.receive(b"i\r", 2.0)
    assert b"?i,pH" in probe.receive(b"i\r", 5.0)[-1][1]


@pytest.mark.parametrize("ack_first", [True, False])
@pytest.mark.parametrize("kind", ["pH", "EC", "ORP", "DO", "RTD"])
def test_a_probe_of_each_kind_is_read_in_its_own_unit(kind, ack_first):
    async def job(probe, emulator, _lab):
        emulator.value = 12.5
        reading = await probe.value()
        return reading.value, reading.unit

    assert run(job, kind, ack_first=ack_first) == (12.5, protocol.UNITS[kind])


def test_a_compensation_is_read_back_and_a_lost_answer_asked_again():
    async def job(probe, emulator, _lab):
        await probe.compensate(quantity(30, "degC"))
        await probe.calibrate("mid", 7.0)
        emulator.faults.add(Fault("drop", emulator.count + 1))
        return (await probe.value()).value, (await probe.voltage()).value

    assert run(job) == (7.0, 5.038)


def test_a_circuit_of_another_kind_is_refused():
    world = Bench({"probe": {"emulator": "atlas_ezo", "kind": "EC"}})
    table = {"driver": "atlas_ezo", "options": {"kind": "pH"}}
    file = lab_file_of({"lab": {"name": "one"}, "devices": {"probe": table}})
    host = LabHost(file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="c", world=world)
    with pytest.raises(WrongDeviceError, match="circuit for pH"), host:
        pass
