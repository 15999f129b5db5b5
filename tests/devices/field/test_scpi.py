"""The source: errors in the instrument's words, values read back, off in the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import LimitError, ProtocolError
from labloop.lab import LabHost, LabJob, MemoryJournal, lab_file_of
from labloop.records import Mode, Quality
from labloop.units import quantity
from labloop_devices.scpi import _protocol as protocol
from labloop_simulators.instruments.scpi import ScpiEmulator
from labloop_simulators.kit import TruthLog
from labloop_simulators.worlds.bench import Bench


def said(supply, *lines):
    return [
        data.decode().strip()
        for second, line in enumerate(lines)
        for _, data in supply.receive(line.encode() + b"\n", float(second))
    ]


def run(procedure, options=None):
    world = Bench({"supply": "scpi"})
    table = {"driver": "scpi", "options": options or {}}
    file = lab_file_of({"lab": {"name": "one"}, "devices": {"supply": table}})

    async def job(lab):
        return {"result": await procedure(lab.supply, world.emulators["supply"], lab)}

    with LabHost(
        file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="c", world=world
    ) as host:
        result = host.run([LabJob("c-0001", job)])[0]["result"]
    return result, world.emulators["supply"]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (("*IDN?",), ["LABLOOP,DC30-3,MY0001,1.02"]),
        (("VOLT 5", "VOLT?"), ["5"]),
        (("voltage:level 5.5", "SOUR:VOLT?"), ["5.5"]),
        (("VOLT 5;CURR 1;OUTP ON", "MEAS:VOLT?;CURR?"), ["+5.00000E+00;+5.00000E-01"]),
        (("VOLT 5;:CURR 0.2;:OUTP 1", "MEAS:VOLT?"), ["+2.00000E+00"]),
        (("VOLT 99", "SYST:ERR?", "SYST:ERR?"), ['-222,"Data out of range"', '+0,"No error"']),
        (("FOO", "VOLT", "VOLT abc", "SYST:ERR?", "SYST:ERR?", "SYST:ERR?"),
         ['-113,"Undefined header"', '-109,"Missing parameter"', '-104,"Data type error"']),
        (("VOLT? MAX", "OUTP?", "*OPC?", "*STB?"), ["30", "0", "1", "32"]),
        (("*ESR?", "*ESR?", "FOO", "*ESR?"), ["128", "0", "32"]),
        (("VOLTA 5", "SYSTEM:ERROR?"), ['-113,"Undefined header"']),
    ],
)  # fmt: skip
def test_a_transcript_of_the_standard(sent, told):
    """SCPI-99, volumes 1 and 2; IEEE 488.2, chapter 10."""
    assert said(ScpiEmulator("supply", TruthLog()), *sent) == told


@pytest.mark.parametrize(
    ("reply", "value"), [(b"+5.00E+00\n", 5.0), (b"-.5\r\n", -0.5), (b"9.90000E+37\n", None)]
)
def test_numbers_are_read_and_overflow_is_no_number(reply, value):
    assert protocol.parse_number(reply) == value


@pytest.mark.parametrize("reply", [b"\n", b"5 V\n", b"1e9999\n", b"5;6\n", b"\xff\n", b"nan\n"])
def test_what_is_no_number_is_told(reply):
    with pytest.raises(ProtocolError):
        protocol.parse_number(reply)


@given(st.binary(max_size=60))
def test_no_bytes_break_parser_or_source(noise):
    for parse in (protocol.parse_number, protocol.parse_error, protocol.parse_identity):
        try:
            parse(noise)
        except ProtocolError:
            continue
    supply = ScpiEmulator("supply", TruthLog())
    supply.receive(noise + b"\n", 1.0)
    assert supply.receive(b"*IDN?\n", 2.0)[-1][1] == b"LABLOOP,DC30-3,MY0001,1.02\n"


def test_a_voltage_is_set_switched_on_measured_and_off_in_the_end():
    async def job(supply, emulator, _lab):
        await supply.set_current(quantity(1, "A"))
        await supply.set_voltage(quantity(5, "V"))
        await supply.switch_on()
        read = (await supply.voltage()).value, (await supply.current()).value
        emulator.ohms = 1e40
        emulator.levels["VOLT"] = 9.9e38
        emulator.levels["CURR"] = 1e38
        return *read, (await supply.voltage()).quality

    result, emulator = run(job, {"channel": 1})
    assert result == (5.0, 0.5, Quality.OVERRANGE)
    assert not emulator.on


def test_what_the_instrument_refuses_is_told_in_its_words():
    async def job(supply, _emulator, _lab):
        with pytest.raises(LimitError, match="-222 Data out of range"):
            await supply.set_voltage(quantity(50, "V"))
        await supply.set_voltage(quantity(5, "V"))
        return True

    assert run(job)[0]
