"""The pump's emulator hears everything that manuals list and drivers of the field send."""

import pytest

from labloop.errors import DeviceFaultError
from labloop.testing.drivers import Bench as OpenLab
from labloop.testing.drivers import DriverCase
from labloop.units import quantity
from labloop_devices.new_era import _protocol as protocol
from labloop_simulators.instruments.new_era import NewEraEmulator
from labloop_simulators.kit import Fault, TruthLog
from labloop_simulators.worlds.bench import Bench

FLOW = quantity(1, "mL/min")


def told(pump, *texts, safe=False, begin=1.0):
    """Return the texts that a pump answers to commands a second apart, without address."""
    answers = []
    for second, text in enumerate(texts):
        for _, data in pump.receive(protocol.frame(text, safe=safe), begin + second):
            answers.append(data[3:-1].decode() if data[1:3] == b"00" else data[4:-3].decode())
    return answers


def fresh(**options):
    """Return a pump whose power-up alarm was heard."""
    pump = NewEraEmulator("pump", TruthLog(), **options)
    told(pump, "", begin=0.0)
    return pump


@pytest.mark.parametrize("found_in", [0, 60])
@pytest.mark.parametrize("asked", [0, 10])
def test_a_packet_that_sets_the_mode_is_heard_in_both_and_answered_in_the_new_one(found_in, asked):
    """NE-1000 manual, page 33: the way back to basic mode is a packet."""
    pump = NewEraEmulator("pump", TruthLog(), safe_seconds=found_in)
    sent = protocol.packet(b"0SAF%d" % asked)
    for status in ("A?R", "S"):
        ((_, answer),) = pump.receive(sent, 1.0)
        assert protocol.parse(answer, safe=asked > 0).status == status
    assert pump.safe == (asked > 0)


def test_a_damaged_packet_is_refused_in_the_format_of_the_mode():
    damaged = protocol.packet(b"00DIA")[:-2] + b"\x00\x03"
    ((_, basic),) = fresh().receive(damaged + b"\r", 5.0)
    assert protocol.parse(basic, safe=False).status == "S"
    pump = fresh(safe_seconds=60)
    pump.handle(protocol.frame("", safe=True), 0.5)
    ((_, safe),) = pump.receive(damaged, 5.0)
    assert protocol.parse(safe, safe=True).data == b"?COM"


def test_a_line_behind_half_a_packet_is_heard_after_half_a_second():
    pump = fresh()
    assert pump.receive(b"\x02\x20noise", 5.0) == []
    assert told(pump, "DIA", begin=6.0) == ["S26.59"]


def test_four_digits_carry_a_point():
    """The format of a number, NE-1000 manual, page 33, as drivers of the field read it."""
    assert told(fresh(), "DIA14.6", "RAT8000UM", "RAT", "VOLUL", "VOL9999", "VOL") == [
        "S", "S", "S8000.UM", "S", "S", "S9999.UL"
    ]  # fmt: skip


def test_a_purge_turns_as_fast_as_can_be_until_it_is_stopped():
    pump = fresh()
    assert told(pump, "DIA14.6", "PUR", "PUR", "STP", "") == ["S", "X", "X?NA", "S", "S"]
    assert pump.flow() == 0.0
    assert pump.syringe.volumes(10.0)[0] == pytest.approx(pump.syringe.fastest * 2 / 60)


def test_a_paused_pump_can_be_purged():
    pump = fresh()
    sent = ("RAT20MM", "VOL1", "RUN", "STP", "PUR", "STP", "STP")
    assert told(pump, *sent, begin=0.1) == ["S", "S", "I", "P", "X", "S", "S"]


def test_a_program_is_carried_out_phase_by_phase():
    """Infuse, wait two seconds, withdraw half of it: each begins when the one before has ended."""
    pump = fresh()
    told(pump, "DIA26.59", "RAT60MH", "VOL0.05", "DIRINF", begin=1.0)
    told(pump, "PHN2", "FUNPAS2", "PHN3", "FUNRAT", "RAT60MH", "VOL0.025", "DIRWDR", begin=6.0)
    assert told(pump, "PHN", "FUN", "PHN2", "FUN", begin=14.0) == ["S03", "SRAT", "S", "SPAS02"]
    assert told(pump, "RUN", begin=20.0) == ["I"]
    for moment, letter in ((22.9, "I"), (23.5, "T"), (25.1, "W"), (26.4, "W"), (26.6, "S")):
        pump.advance(moment)
        assert pump.syringe.letter == letter
    assert pump.syringe.volumes(30.0) == pytest.approx((0.05, 0.025))
    assert [e.event for e in pump.truth.events if e.event in {"run", "pause", "stop"}] == [
        "run",
        "pause",
        "stop",
    ]


def test_a_program_that_never_ends_is_an_error_of_the_program():
    pump = fresh()
    told(pump, "FUNJMP2", "PHN2", "FUNJMP1")
    assert told(pump, "RUN", begin=10.0)[0][1:] == "?NA"


def test_a_loop_repeats_what_stands_before_it():
    pump = fresh()
    told(pump, "RAT20MM", "VOL1", "PHN2", "FUNLOP3")
    told(pump, "RUN", begin=10.0)
    pump.advance(20.0)
    assert pump.syringe.letter == "S"
    assert pump.syringe.volumes(20.0)[0] == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (("AL", "AL0", "AL", "AL2"), ["S1", "S", "S0", "S?OOR"]),
        (("TRG", "TRGLE", "TRG", "TRGXX"), ["SFT", "S", "SLE", "S?OOR"]),
        (("IN2", "IN9"), ["S1", "S?OOR"]),
        (("LOC1", "LOC", "BUZ13", "BUZ"), ["S", "S1", "S", "S0"]),
        (("OUT51", "OUT5"), ["S", "S1"]),
        (("LN", "BP", "PF"), ["S0", "S1", "S0"]),
        (("FUNXYZ", "FUNPAS", "PHN42", "PHN"), ["S?", "S?OOR", "S?OOR", "S01"]),
        (("*ADR", "*VER", "0*ADR"), ["S00", "SNE1000V3.928", "S00"]),
    ],
)
def test_settings_of_the_manual_are_kept_and_told(sent, answers):
    assert told(fresh(), *sent) == answers


def test_a_new_address_counts_at_once_and_a_master_reset_takes_it_back():
    """NE-9000 manual, page 48."""
    pump = fresh()
    ((_, answer),) = pump.receive(b"*ADR 7 B 9600\r", 5.0)
    assert answer == b"\x0207S\x03"
    assert pump.receive(b"DIA\r", 6.0) == []
    assert len(pump.receive(b"7DIA\r", 7.0)) == 1
    ((_, answer),) = pump.receive(b"*RESET\r", 8.0)
    assert answer == b"\x0200S\x03"


def lab_of_a_pump(alarm_packets):
    """Return an open lab of one pump in safe mode, by the kit's bench."""
    world = {"it": {"emulator": "new_era", "alarm_packets": alarm_packets}}
    case = DriverCase("new_era", lambda: Bench(world), "it", None, options={"diameter": "14.6 mm"})
    return OpenLab(case)


@pytest.mark.parametrize("alarm_packets", [False, True])
def test_an_alarm_between_two_commands_stops_the_next_one(alarm_packets):
    """Promise: told by itself or only when asked, it is told once, and nothing was started."""
    with lab_of_a_pump(alarm_packets) as lab:
        lab.do(lambda pump: pump.set_rate(FLOW))
        lab.emulator.stall(lab.host.now())
        with pytest.raises(DeviceFaultError, match="stalled"):
            lab.do(lambda pump: pump.start())
        lab.do(lambda pump: pump.start())
        assert lab.read("running").value == 1


def test_an_alarm_told_ahead_of_an_answer_does_not_hide_it():
    """Promise: the command was carried out, the alarm is told, and no answer goes astray."""
    with lab_of_a_pump(False) as lab:
        lab.emulator.faults.add(Fault("unsolicited", at=1, data=protocol.packet(b"00A?S")))
        with pytest.raises(DeviceFaultError, match=r"before '.*' was sent; look at the pump"):
            lab.do(lambda pump: pump.set_rate(FLOW))
        assert lab.read("rate").value == 1


def test_a_dead_man_that_struck_is_told_by_the_pump_itself():
    """Promise: the packet of the communications time-out is an alarm like any other."""
    world = Bench({"it": {"emulator": "new_era", "alarm_packets": True, "safe_seconds": 5}})
    pump = world.emulators["it"]
    pump.receive(protocol.frame("", safe=True), 0.0)
    ((_, alarm),) = pump.by_itself(6.0)
    assert protocol.parse(alarm).status == "A?T"
    assert pump.by_itself(7.0) == []
