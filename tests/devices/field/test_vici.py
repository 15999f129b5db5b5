"""The valve: goes where it is sent, says so, and stays where it is in its safe state."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import DeviceFaultError, LimitError, ProtocolError
from labloop.lab import LabHost, LabJob, MemoryJournal, lab_file_of
from labloop.records import Mode
from labloop_devices.vici import _protocol as protocol
from labloop_simulators.instruments.vici import ViciEmulator
from labloop_simulators.kit import Fault, TruthLog
from labloop_simulators.worlds.bench import Bench


def said(valve, *texts, begin=10.0):
    return [
        data.decode()
        for second, text in enumerate(texts)
        for _, data in valve.receive(text.encode() + b"\r", begin + 5 * second)
    ]


def run(procedure, options=None, **emulator):
    world = Bench({"valve": {"emulator": "vici", **emulator}})
    table = {"driver": "vici", "options": options or {}}
    file = lab_file_of({"lab": {"name": "one"}, "devices": {"valve": table}})

    async def job(lab):
        return {"result": await procedure(lab.valve, world.emulators["valve"], lab)}

    with LabHost(
        file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="c", world=world
    ) as host:
        return host.run([LabJob("c-0001", job)])[0]["result"], world.truth


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (("CP", "NP", "AM", "CNT"), ["CP01\r", "NP10\r", "AM3\r", "CNT00000\r"]),
        (("IFM0", "GO3", "CP"), ["CP03\r"]),
        (("IFM0", "GO", "CP", "CC", "CP", "CW3", "CP"), ["CP02\r", "CP01\r", "CP03\r"]),
        (("IFM0", "GO9", "HM", "CP", "CNT"), ["CP01\r", "CNT00016\r"]),
        (("LG1", "CP"), ["CP = 01\r"]),
        (("DEL3", "CP"), ["CP01\r\n"]),
        (("CNT100", "CNT"), ["CNT00100\r"]),
        (("GO11", "HELLO"), ["GO11 = Bad command\r", "HELLO = Bad command\r"]),
        (("ID4", "CP", "4CP", "4*ID*", "CP"), ["4CP01\r", "CP01\r"]),
    ],
)
def test_a_transcript_of_the_manual(sent, told):
    """EUT manual, pages 14 to 19."""
    assert said(ViciEmulator("valve", TruthLog()), *sent) == told


def test_a_two_position_valve_knows_a_and_b():
    valve = ViciEmulator("valve", TruthLog(), mode=1)
    sent = ("IFM0", "CP", "GOB", "CP", "GO", "CP", "CC", "CP", "CW", "CP", "TO", "CP")
    assert said(valve, *sent) == ["CPA\r", "CPB\r", "CPA\r", "CPB\r", "CPA\r", "CPB\r"]


@given(st.binary(max_size=40))
def test_no_bytes_break_parser_or_valve(noise):
    for parse in (protocol.parse_position, protocol.parse_version):
        try:
            parse(noise)
        except ProtocolError:
            continue
    valve = ViciEmulator("valve", TruthLog())
    valve.receive(noise.replace(b"ID", b"").replace(b"id", b"") + b"\r", 1.0)
    valve.receive(b"DEL1\r", 2.0)
    valve.receive(b"LG0\r", 2.5)
    assert valve.receive(b"AM\r", 3.0)[-1][1][:2] == b"AM"


def test_it_goes_by_the_shortest_way_and_stays_in_the_safe_state():
    async def job(valve, _emulator, lab):
        began = lab.now().magnitude
        await valve.go_to(9)
        return (await valve.position()).value, lab.now().magnitude - began

    (position, seconds), truth = run(job)
    assert position == 9.0
    assert seconds < 1.0
    assert [dict(e.values) for e in truth.events if e.event == "turned"] == [{"position": 9}]


def test_the_letters_of_a_two_position_valve_are_one_and_two():
    async def job(valve, _emulator, _lab):
        await valve.go_to(2)
        with pytest.raises(LimitError, match="2 positions"):
            await valve.go_to(3)
        return (await valve.position()).value

    assert run(job, mode=2)[0] == 2.0


def test_an_actuator_with_an_identifier_is_spoken_to_by_it():
    async def job(valve, _emulator, _lab):
        await valve.go_to(4)
        return (await valve.position()).value, (await valve.count()).value

    assert run(job, {"address": "7"}, address="7")[0] == (4.0, 3.0)


def test_a_command_that_was_lost_is_said_again_and_a_blocked_valve_is_told():
    async def job(valve, emulator, _lab):
        handle, lost = emulator.handle, []

        def deaf_once(frame, now):
            if frame.startswith(b"GO") and not lost:
                lost.append(frame)
                return None
            return handle(frame, now)

        emulator.handle = deaf_once
        await valve.go_to(5)
        emulator.faults.add(Fault("stall", emulator.count + 1))
        with pytest.raises(DeviceFaultError, match="stands at 5"):
            await valve.go_to(6)
        return (await valve.position()).value

    assert run(job)[0] == 5.0
