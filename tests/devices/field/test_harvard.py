"""The syringe pump: prompts without an end, lines with and without address, values read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import DeviceFaultError, LimitError, ProtocolError
from labloop.lab import LabHost, LabJob, MemoryJournal, lab_file_of
from labloop.records import Mode
from labloop.units import quantity
from labloop_devices.harvard import _protocol as protocol
from labloop_simulators.instruments.harvard import HarvardEmulator
from labloop_simulators.kit import Fault, TruthLog
from labloop_simulators.worlds.bench import Bench

ML, ML_MIN = "mL", "mL/min"


def said(pump, *texts, begin=10.0):
    return [
        data
        for second, text in enumerate(texts)
        for _, data in pump.receive(text.encode() + b"\r\n", begin + second)
    ]


def run(procedure, address=0, **emulator):
    world = Bench({"pump": {"emulator": "harvard", "address": address, **emulator}})
    options = {"diameter": "14.6 mm", "address": address}
    table = {"driver": "harvard", "options": options}
    file = lab_file_of({"lab": {"name": "one"}, "devices": {"pump": table}})

    async def job(lab):
        return {"result": await procedure(lab.pump, world.emulators["pump"], lab)}

    with LabHost(
        file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="c", world=world
    ) as host:
        return host.run([LabJob("c-0001", job)])[0]["result"], world.truth


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (("diameter",), [b"\n26.5900 mm\r\n:"]),
        (("diam 14.6", "diam"), [b"\n:", b"\n14.6000 mm\r\n:"]),
        (("irat 3.2 ml/min", "irate"), [b"\n:", b"\n3.2 ml/min\r\n:"]),
        (("irate 500 ml/min",), [b"\nArgument error: 500 ml/min\r\n   Out of range\r\n:"]),
        (("hello",), [b"\nCommand error: hello\r\n   Unknown command\r\n:"]),
        (("irun", "stop"), [b"\n>", b"\n:"]),
        (("wrun", "status"), [b"\n<", b"\n16666666667 0 0 w...W\r\n<"]),
        (("ver",), [b"\nPHD ULTRA 2.1.0\r\n:"]),
    ],
)
def test_a_transcript_of_the_manual(sent, told):
    """PHD ULTRA manual, pages 83 to 88."""
    assert said(HarvardEmulator("pump", TruthLog()), *sent) == told


@pytest.mark.parametrize("sent", ["12:irat", "12irate"])
def test_a_pump_with_an_address_puts_it_before_line_and_prompt(sent):
    pump = HarvardEmulator("pump", TruthLog(), address=12)
    assert said(pump, sent) == [b"\n12:1 ml/min\r\n12:"]
    assert said(pump, "irate", "13:irate") == []


def test_a_target_that_is_reached_is_told_by_the_prompt():
    pump = HarvardEmulator("pump", TruthLog())
    said(pump, "irate 6 ml/min", "tvolume 0.1 ml", "irun")
    assert said(pump, "ivolume", begin=20.0) == [b"\n0.10000 ml\r\nT*"]


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (b"\n:", (":", ())),
        (b"\n14.6000 mm\r\n:", (":", ("14.6000 mm",))),
        (b"T*\n0.1 ml\r\nT*", ("T*", ("0.1 ml",))),
    ],
)
def test_answers_are_read(reply, answer):
    assert protocol.parse(reply) == answer
    assert protocol.answer_length(len(answer[1]))(reply) == len(reply)


def test_an_answer_that_goes_on_is_not_taken_for_a_whole_one():
    whole = b"\n06:14.6000 mm\r\n06:"
    complete = protocol.answer_length(1)
    assert [complete(whole[:length]) for length in range(len(whole))] == [0] * len(whole)
    assert complete(whole + b"\n") == len(whole)
    assert protocol.parse(whole, 6).lines == ("14.6000 mm",)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"\nArgument error: 5\r\n   Out of range\r\n:", LimitError),
        (b"\nCommand error: x\r\n   Unknown command\r\n:", DeviceFaultError),
        (b"\n06:1 ml/min\r\n06:", ProtocolError),
        (b"\n1 ml/min\r\n", ProtocolError),
        (b"", ProtocolError),
        (b"\n\xff:", ProtocolError),
    ],
)
def test_what_is_no_answer_is_told(reply, error):
    with pytest.raises(error):
        protocol.parse(reply)


@given(st.binary(max_size=60))
def test_no_bytes_break_parser_or_pump(noise):
    for lines in (0, 1, 3):
        assert 0 <= protocol.answer_length(lines)(noise) <= len(noise)
    for parse in (protocol.parse_rate, protocol.parse_volume, protocol.parse_version):
        try:
            parse(protocol.parse(noise))
        except (ProtocolError, LimitError, DeviceFaultError):
            continue
    pump = HarvardEmulator("pump", TruthLog())
    pump.receive(noise + b"\r\n", 1.0)
    pump.receive(b"stop\r\n", 2.0)
    assert said(pump, "ver", begin=3.0) == [b"\nPHD ULTRA 2.1.0\r\n:"]


@pytest.mark.parametrize("address", [0, 7])
def test_a_volume_is_dispensed_and_the_pump_stops_by_itself(address):
    async def job(pump, _emulator, lab):
        await pump.dispense(quantity(0.5, ML), quantity(6, ML_MIN))
        running = (await pump.running()).value
        await lab.wait(quantity(6, "s"))
        return running, (await pump.running()).value, (await pump.infused()).value

    (before, after, infused), truth = run(job, address)
    assert (before, after) == (1.0, 0.0)
    assert infused == pytest.approx(0.5, abs=1e-4)
    assert [dict(e.values)["rate"] for e in truth.events if e.event == "run"] == [6.0]


@pytest.mark.parametrize("kind", ["drop", "garble", "half", "delay"])
@pytest.mark.parametrize("place", range(9))
def test_whatever_answer_is_spoilt_the_pump_is_started_once(kind, place):
    async def job(pump, emulator, _lab):
        emulator.faults.add(Fault(kind, emulator.count + 1 + place, seconds=1.3))
        await pump.dispense(quantity(0.5, ML), quantity(6, ML_MIN))
        return (await pump.running()).value

    running, truth = run(job)
    assert running == 1.0
    assert len([e for e in truth.events if e.event == "run"]) == 1


def test_a_rate_that_the_syringe_does_not_allow_and_a_stall_are_told():
    async def job(pump, emulator, _lab):
        with pytest.raises(LimitError, match="Out of range"):
            await pump.set_rate(quantity(150, ML_MIN))
        await pump.start()
        emulator.faults.add(Fault("stall", emulator.count + 1))
        with pytest.raises(DeviceFaultError, match="stalled"):
            await pump.infused()
        await pump.stop()
        return (await pump.running()).value

    assert run(job)[0] == 0.0
