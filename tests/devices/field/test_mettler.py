"""The balance: bytes as in its manuals, and a driver that never takes half a weight for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import DeviceFaultError, LimitError, ProtocolError
from labloop.lab import LabHost, LabJob, MemoryJournal, lab_file_of
from labloop.records import Mode, Quality
from labloop.units import quantity
from labloop_devices.mettler import _protocol as protocol
from labloop_simulators.instruments.mettler import MettlerEmulator
from labloop_simulators.kit import Fault, TruthLog
from labloop_simulators.worlds.bench import Bench


def answers(balance, *lines, begin=10.0):
    return [
        data.decode("ascii").removesuffix("\r\n")
        for second, line in enumerate(lines)
        for _, data in balance.receive(line.encode() + b"\r\n", begin + second)
    ]


def run(world, procedure):
    file = lab_file_of({"lab": {"name": "one"}, "devices": {"balance": {"driver": "mettler"}}})

    async def job(lab):
        return {"result": await procedure(lab.balance, world.emulators["balance"], lab)}

    with LabHost(
        file, mode=Mode.SIMULATED, journal=MemoryJournal(), campaign_id="c", world=world
    ) as host:
        return host.run([LabJob("c-0001", job)])[0]["result"]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("S", "S S     0.0000 g"),
        ("SI", "S S     0.0000 g"),
        ("T", "T S     0.0000 g"),
        ("TI", "TI S     0.0000 g"),
        ("TA", "TA A     0.0000 g"),
        ("TA 12.5 g", "TA A    12.5000 g"),
        ("TA 12.5 kg", "TA L"),
        ("TAC", "TAC A"),
        ("Z", "Z A"),
        ("ZI", "ZI S"),
        ("I4", 'I4 A "1129012345"'),
        ("I2", 'I2 A "XPR204 Standard 220.0000 g"'),
        ("@", 'I4 A "1129012345"'),
        ('D "ready"', "D A"),
        ("DW", "DW A"),
        ("PWR 1", "PWR A"),
        ("PWR 2", "PWR L"),
        ("s", "ES"),
        ("HELLO", "ES"),
    ],
)
def test_a_transcript_of_the_manuals(sent, told):
    """AL-IC operating instructions, page 72; AT balances, page 87."""
    assert answers(MettlerEmulator("balance", TruthLog()), sent) == [told]


def test_a_command_that_arrives_damaged_is_a_transmission_error():
    balance = MettlerEmulator("balance", TruthLog())
    assert [data for _, data in balance.receive(b"S\xff\r\n", 1.0)] == [b"ET\r\n"]
    assert [data for _, data in balance.receive(b"S\n", 2.0)] == [b"ET\r\n"]


def test_a_stable_weight_is_waited_for_and_an_immediate_one_is_not():
    balance = MettlerEmulator("balance", TruthLog())
    balance.put(100.0, 10.0)
    assert answers(balance, "SI", begin=10.2) == ["S D   100.0000 g"]
    ((end, data),) = balance.receive(b"S\r\n", 10.5)
    assert data == b"S S   100.0000 g\r\n"
    assert end > 11.5


def test_out_of_range_and_draught_are_told_in_the_words_of_the_manual():
    balance = MettlerEmulator("balance", TruthLog())
    balance.put(500.0, 0.0)
    assert answers(balance, "S", "Z", "T") == ["S +", "Z +", "T +"]
    balance.put(1.0, 20.0)
    balance.draught = True
    assert answers(balance, "S", begin=50.0) == ["S I"]


def test_an_adjustment_is_answered_twice_and_nothing_is_weighed_meanwhile():
    balance = MettlerEmulator("balance", TruthLog())
    assert answers(balance, "C3") == ["C3 B", "C3 A"]
    assert answers(balance, "S", "T", "I4", begin=20.0) == ["S I", "T I", 'I4 A "1129012345"']
    assert answers(balance, "S", begin=40.0) == ["S S     0.0000 g"]


def test_weights_are_repeated_until_something_else_is_asked():
    balance = MettlerEmulator("balance", TruthLog())
    answers(balance, "SIR", begin=10.0)
    assert len(balance.unasked(10.55)) == 5
    assert answers(balance, "I4", begin=10.6)[-1] == 'I4 A "1129012345"'
    assert balance.unasked(20.0) == []


@pytest.mark.parametrize(
    ("reply", "weight"),
    [
        (b"S S     100.00 g\r\n", (100.0, True)),
        (b"S D      -0.53 g\r\n", (-0.53, False)),
        (b"S S 5 kg\r\n", (5000.0, True)),
        (b"S S     250.0 mg\r\n", (0.25, True)),
        (b"S +\r\n", (None, False)),
        (b"S -\r\n", (None, False)),
    ],
)
def test_weights_are_read(reply, weight):
    assert protocol.parse_weight(reply, protocol.WEIGHT) == weight
    assert protocol.parse_weight(reply, protocol.WEIGHT_NOW) == weight


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (b"S I\r\n", DeviceFaultError, "not stable"),
        (b"S L\r\n", LimitError, "parameter"),
        (b"ES\r\n", DeviceFaultError, "does not know"),
        (b"ET\r\n", ProtocolError, "damaged"),
        (b"EL\r\n", DeviceFaultError, "cannot carry out"),
        (b"S S Error 10b\r\n", DeviceFaultError, "Error 10b"),
        (b"S S     100.00 oz\r\n", ProtocolError, "set its unit"),
        (b"S S     1O0.00 g\r\n", ProtocolError, "weight"),
        (b"T S     100.00 g\r\n", ProtocolError, "to S"),
        (b"\r\n", ProtocolError, "no line"),
        (b"S S \x00 g\r\n", ProtocolError, "no line"),
    ],
)
def test_what_is_no_weight_is_told(reply, error, words):
    with pytest.raises(error, match=words):
        protocol.parse_weight(reply, protocol.WEIGHT)


@given(st.binary(max_size=60))
def test_no_bytes_break_the_parsers(noise):
    """Whatever comes is a value or an error of labloop's."""
    for parse in (protocol.parse_weight, protocol.parse_done, protocol.parse_text):
        try:
            parse(noise, protocol.WEIGHT)
        except (ProtocolError, DeviceFaultError, LimitError):
            continue


def test_a_sample_is_tared_and_weighed():
    async def job(balance, emulator, lab):
        emulator.put(12.5, lab.now().magnitude)
        await balance.tare()
        emulator.put(13.0001, lab.now().magnitude)
        weight = await balance.weight()
        emulator.put(400.0, lab.now().magnitude)
        over = await balance.weight_now()
        return round(weight.value, 6), weight.unit, over.value, over.quality

    assert run(Bench({"balance": "mettler"}), job) == (0.5001, "g", None, Quality.OVERRANGE)


def test_an_adjustment_ends_with_its_second_answer():
    async def job(balance, _emulator, lab):
        await balance.adjust(quantity(60, "s"))
        return lab.now().magnitude, (await balance.weight()).value

    seconds, weight = run(Bench({"balance": "mettler"}), job)
    assert seconds >= 25.0
    assert weight == 0.0


def test_a_busy_balance_is_told_and_not_taken_for_a_weight():
    async def job(balance, emulator, _lab):
        emulator.faults.add(Fault("busy", emulator.count + 1))
        with pytest.raises(DeviceFaultError, match="cannot do that now"):
            await balance.weight_now()
        return (await balance.weight_now()).value

    assert run(Bench({"balance": "mettler"}), job) == 0.0
