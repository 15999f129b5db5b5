"""The diluter: places instead of distances, so that nothing is moved twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import DeviceFaultError, LimitError, ProtocolError
from labloop.lab import LabHost, LabJob, MemoryJournal, lab_file_of
from labloop.records import Mode
from labloop.units import quantity
from labloop_devices.hamilton import _protocol as protocol
from labloop_simulators.instruments.hamilton import HamiltonEmulator
from labloop_simulators.kit import Fault, TruthLog
from labloop_simulators.worlds.bench import Bench

ML, ML_MIN = "mL", "mL/min"


def said(diluter, *texts, begin=10.0, apart=60.0):
    return [
        data
        for place, text in enumerate(texts)
        for _, data in diluter.receive(text.encode() + b"\r", begin + apart * place)
    ]


def run(procedure, address=1):
    world = Bench({"it": {"emulator": "hamilton", "address": address}})
    table = {"driver": "hamilton", "options": {"syringe": "2.5 mL", "address": address}}
    file = lab_file_of({"lab": {"name": "one"}, "devices": {"it": table}})

    async def job(lab):
        return {"result": await procedure(lab.it, world.emulators["it"], lab)}

    with LabHost(
        file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="c", world=world
    ) as host:
        return host.run([LabJob("c-0001", job)])[0]["result"], world.truth


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (("1a",), [b"1b\r"]),
        (("aU", "aUR"), [b"\x06NV01.02.C\r"] * 2),
        (("aM100R",), [b"\x15\r"]),
        (("aXR", "aF", "aIR", "aM24000S10R", "aYQP", "aOR", "aD4000R", "aYQP", "aLQP"),
         [b"\x06\r", b"\x06Y\r", b"\x06\r", b"\x06\r", b"\x0624000\r", b"\x06\r", b"\x06\r",
          b"\x0620000\r", b"\x062\r"]),
        (("aXR", "aP50000R", "aHELLO", "bF", ":XR", "aZ", "aG"),
         [b"\x06\r", b"\x15\r", b"\x15\r", b"\x06N\r", b"\x06N\r"]),
    ],
)  # fmt: skip
def test_a_transcript(sent, told):
    """As flowchem's driver sends and reads it."""
    assert said(HamiltonEmulator("it", TruthLog()), *sent) == told


def test_a_movement_goes_on_until_it_is_paused():
    diluter = HamiltonEmulator("it", TruthLog(), initialized=True)
    told = said(diluter, "aM48000S100R", "aF", "aM0R", "aK", "aV", "aF", "aYQP", apart=10.0)
    assert told == [
        b"\x06\r",
        b"\x06*\r",
        b"\x15\r",
        b"\x06\r",
        b"\x06\r",
        b"\x06Y\r",
        b"\x0614400\r",
    ]


@pytest.mark.parametrize("reply", [b"", b"Y\r", b"\x06Y", b"\x06\xffY\r", b"\r"])
def test_what_has_no_acknowledgement_is_no_answer(reply):
    with pytest.raises(ProtocolError):
        protocol.parse(reply)


@given(st.binary(max_size=40))
def test_no_bytes_break_parser_or_diluter(noise):
    for parse in (protocol.parse_flag, protocol.parse_number, protocol.parse_firmware):
        try:
            parse(protocol.parse(noise))
        except (ProtocolError, DeviceFaultError):
            continue
    diluter = HamiltonEmulator("it", TruthLog())
    diluter.receive(noise + b"\r", 1.0)
    assert diluter.receive(b"aU\r", 2.0)[-1][1] == b"\x06NV01.02.C\r"


async def filled(diluter, _emulator, _lab):
    await diluter.initialize()
    await diluter.draw(quantity(1.5, ML), quantity(30, ML_MIN))
    await diluter.dispense(quantity(0.5, ML), quantity(30, ML_MIN))
    return (await diluter.volume()).value


@pytest.mark.parametrize("kind", ["drop", "garble", "half", "delay", "duplicate"])
@pytest.mark.parametrize("place", range(0, 40, 4))
def test_whatever_answer_is_spoilt_the_plunger_ends_where_it_should(kind, place):
    async def job(diluter, emulator, lab):
        emulator.faults.add(Fault(kind, emulator.count + 1 + place, seconds=1.3))
        return await filled(diluter, emulator, lab)

    held, truth = run(job)
    assert held == pytest.approx(1.0, abs=1e-3)
    places = [dict(e.values)["to"] for e in truth.events if e.event == "plunger"]
    assert list(dict.fromkeys(places)) == [28_800.0, 19_200.0]


def test_one_further_down_the_chain_is_spoken_to_by_its_letter():
    held, truth = run(filled, address=3)
    assert held == pytest.approx(1.0, abs=1e-3)
    assert any(f.data == b"cXR\r" for f in truth.frames)


def test_more_than_fits_and_a_blocked_plunger_are_told():
    async def job(diluter, emulator, _lab):
        await diluter.initialize()
        with pytest.raises(LimitError, match="cannot draw"):
            await diluter.draw(quantity(3, ML), quantity(30, ML_MIN))
        with pytest.raises(LimitError, match="nothing was moved"):
            await diluter.draw(quantity(1, ML), quantity(1000, ML_MIN))
        emulator.faults.add(Fault("stall", emulator.count + 8))
        with pytest.raises(DeviceFaultError, match=r"syringe|NAK"):
            await diluter.draw(quantity(1, ML), quantity(30, ML_MIN))
        await diluter.initialize()
        return (await diluter.volume()).value

    assert run(job)[0] == 0.0
