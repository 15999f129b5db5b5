"""The syringe pump: a lost answer never moves the plunger twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import DeviceFaultError, LabFileError, LimitError, ProtocolError
from labloop.lab import LabHost, LabJob, MemoryJournal, lab_file_of
from labloop.records import Mode
from labloop.units import quantity
from labloop_devices.cavro import CavroPump
from labloop_devices.cavro import _protocol as protocol
from labloop_simulators.instruments.cavro import CavroEmulator
from labloop_simulators.kit import Fault, TruthLog
from labloop_simulators.worlds.bench import Bench

ML, ML_MIN = "mL", "mL/min"


def said(pump, *texts, begin=10.0, apart=60.0):
    """Return (ready, error, data) of what a pump answers, each a minute apart."""
    told = []
    for place, text in enumerate(texts):
        frame = protocol.frame(text, address=0, number=place % 6 + 1)
        for _, data in pump.receive(frame, begin + apart * place):
            answer = protocol.parse(data)
            told.append((answer.ready, answer.error, answer.data))
    return told


def run(procedure, emulator=None, **options):
    world = Bench({"pump": {"emulator": "cavro", **(emulator or {})}})
    table = {"driver": "cavro", "options": {"syringe": "3 mL"} | options}
    file = lab_file_of({"lab": {"name": "one"}, "devices": {"pump": table}})

    async def job(lab):
        return {"result": await procedure(lab.pump, world.emulators["pump"], lab)}

    with LabHost(
        file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="c", world=world
    ) as host:
        return host.run([LabJob("c-0001", job)])[0]["result"], world.truth


def test_the_bytes_of_a_block():
    """XLP 6000 manual, page 3-4: STX, address, sequence, data, ETX, exclusive or."""
    assert protocol.frame("ZR", address=0, number=1) == b"\x0211ZR\x03\x09"
    assert protocol.frame("ZR", address=0, number=1, repeated=True) == b"\x0219ZR\x03\x01"
    assert protocol.parse(b"\x020`\x03Q") == (True, 0, b"")
    assert protocol.parse(b"\xff\x020@\x03q") == (False, 0, b"")


@pytest.mark.parametrize(
    "reply", [b"", b"\x020`\x03P", b"\x021`\x03P", b"\x020\x20\x03\x11", b"/0`\x03\r\n"]
)
def test_a_damaged_answer_is_refused(reply):
    with pytest.raises(ProtocolError):
        protocol.parse(reply)


@given(st.binary(max_size=30))
def test_no_bytes_break_parser_or_pump(noise):
    """Whatever comes, the next block is understood."""
    assert 0 <= protocol.answer_length(noise) <= len(noise)
    pump = CavroEmulator("pump", TruthLog())
    pump.receive(protocol.frame("Q", address=0, number=1), 0.0)
    pump.receive(noise, 1.0)
    told = [pump.receive(protocol.frame("?", address=0, number=2), 3.0 + n) for n in (0, 1)]
    assert protocol.parse(told[-1][-1][1]).data == b"0"


def test_what_a_pump_accepts_and_refuses():
    pump = CavroEmulator("pump", TruthLog())
    assert said(pump, "Q", "A100R", "ZR", "?", "IA1500R", "?", "OV600D500R", "?6") == [
        (True, 0, b""),
        (True, 7, b""),
        (False, 0, b""),
        (True, 0, b"0"),
        (False, 0, b""),
        (True, 0, b"1500"),
        (False, 0, b""),
        (True, 0, b"o"),
    ]
    refused = said(pump, "A4000R", "FOO", "V9999R", "BA10R", "P", "%9", begin=1000.0)
    assert [error for _, error, _ in refused] == [3, 2, 3, 11, 3, 2]


def test_a_string_is_kept_until_it_is_told_to_run_and_loops_are_carried_out():
    pump = CavroEmulator("pump", TruthLog(), initialized=True)
    assert said(pump, "gP100G5", "F", "R", "?", "X", "?") == [
        (True, 0, b""),
        (True, 0, b"1"),
        (False, 0, b""),
        (True, 0, b"500"),
        (False, 0, b""),
        (True, 0, b"1000"),
    ]


def test_a_pump_that_moves_overflows_and_can_be_terminated_where_it_is():
    pump = CavroEmulator("pump", TruthLog(), initialized=True)
    told = said(pump, "V100A3000R", "A0R", "T", "?", apart=10.0)
    assert [(ready, error) for ready, error, _ in told] == [
        (False, 0),
        (False, 15),
        (True, 0),
        (True, 0),
    ]
    assert told[-1][2] == b"1000"


def test_a_repeated_block_with_the_same_number_is_acknowledged_and_not_done_again():
    """XLP 6000 manual, pages 3-4 and 3-5, scenarios 1 and 2."""
    pump = CavroEmulator("pump", TruthLog(), initialized=True)
    pump.receive(protocol.frame("P100R", address=0, number=1), 0.0)
    ((_, again),) = pump.receive(protocol.frame("P100R", address=0, number=1, repeated=True), 9.0)
    assert protocol.parse(again) == (True, 0, b"")
    assert pump.plunger.position(20.0) == 100
    pump.receive(protocol.frame("P100R", address=0, number=2, repeated=True), 30.0)
    assert pump.plunger.position(40.0) == 200


def test_the_protocol_that_is_heard_first_is_the_only_one_until_power_is_cut():
    pump = CavroEmulator("pump", TruthLog())
    assert [data for _, data in pump.receive(b"/1?\r", 0.0)] == [b"/0`0\x03\r\n"]
    assert pump.receive(protocol.frame("?", address=0, number=1), 1.0) == []
    pump.power_cycle(2.0)
    assert len(pump.receive(protocol.frame("?", address=0, number=1), 3.0)) == 1


async def filled(pump, _emulator, _lab):
    await pump.initialize()
    await pump.draw(quantity(1.5, ML), quantity(6, ML_MIN))
    await pump.dispense(quantity(0.5, ML), quantity(6, ML_MIN))
    return (await pump.volume()).value


@pytest.mark.parametrize("kind", ["drop", "garble", "half", "delay", "duplicate"])
@pytest.mark.parametrize("place", range(0, 40, 3))
def test_whatever_answer_is_spoilt_each_movement_happens_once(kind, place):
    """The repeat flag at work: the truth log is the judge."""

    async def job(pump, emulator, lab):
        emulator.faults.add(Fault(kind, emulator.count + 1 + place, seconds=1.3))
        return await filled(pump, emulator, lab)

    held, truth = run(job)
    assert held == pytest.approx(1.0)
    moved = [dict(e.values)["to"] for e in truth.events if e.event == "plunger"]
    assert moved == [1500.0, 1000.0]


def test_more_than_fits_or_is_there_is_refused_before_anything_moves():
    async def job(pump, _emulator, _lab):
        await pump.initialize()
        await pump.draw(quantity(2, ML), quantity(6, ML_MIN))
        with pytest.raises(LimitError, match="cannot draw"):
            await pump.draw(quantity(2, ML), quantity(6, ML_MIN))
        with pytest.raises(LimitError, match="cannot give"):
            await pump.dispense(quantity(2.5, ML), quantity(6, ML_MIN))
        with pytest.raises(LimitError, match="nothing was moved"):
            await pump.draw(quantity(0.5, ML), quantity(900, ML_MIN))
        return (await pump.volume()).value

    assert run(job)[0] == pytest.approx(2.0)


def test_a_pump_that_was_not_initialised_and_one_that_is_blocked_say_so():
    async def job(pump, emulator, lab):
        with pytest.raises(DeviceFaultError, match="not initialised"):
            await pump.draw(quantity(1, ML), quantity(6, ML_MIN))
        await pump.initialize()
        emulator.faults.add(Fault("stall", emulator.count + 4))
        with pytest.raises(DeviceFaultError, match="overload"):
            await pump.draw(quantity(1, ML), quantity(6, ML_MIN))
        await pump.initialize()
        return (await pump.volume()).value

    assert run(job)[0] == 0.0


@pytest.mark.parametrize(
    "options",
    [{}, {"syringe": 3}, {"syringe": "3 mL", "address": 15}, {"syringe": "3 mL", "steps": 10}],
)
def test_wrong_options_are_told(options):
    with pytest.raises(LabFileError, match="pump"):
        CavroPump("pump", None, options, None)
