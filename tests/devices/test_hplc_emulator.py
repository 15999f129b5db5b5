"""The HPLC injects a run once, refuses with the codes of its README, and survives noise."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop_devices.hplc import _protocol as protocol
from labloop_simulators.bodies.liquids import Liquid, Well
from labloop_simulators.instruments.hplc import RUN_SECONDS, HplcEmulator
from labloop_simulators.kit import TruthLog


def sample() -> Liquid:
    return Liquid(10.0, {"product": 0.5, "internal_standard": 1.0, "solvent:DMAc": 7.0})


def instrument(**options: float) -> HplcEmulator:
    tray = {"cup_1": Well(300.0, sample()), "cup_2": Well(300.0)}
    return HplcEmulator("hplc", TruthLog(), tray, **options)


def say(emulator: HplcEmulator, frame: bytes, now: float = 1.0) -> protocol.Answer:
    answers = emulator.receive(frame, now)
    assert len(answers) == 1
    return protocol.parse(answers[0][1])


def curve(emulator: HplcEmulator, now: float) -> list[float]:
    points: list[float] = []
    for offset in range(0, RUN_SECONDS, protocol.BLOCK):
        answer = say(emulator, protocol.fetch(1, offset, protocol.BLOCK), now)
        points += protocol.parse_block(answer, 1, offset, protocol.BLOCK)
    return points


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (protocol.frame("DANCE"), "E02"),
        (protocol.frame("INJ", "0001", "cup_1"), "E03"),
        (protocol.frame("INJ", "x", "cup_1", "1.0"), "E03"),
        (protocol.frame("INJ", "0001", "cup_1", "0.0"), "E03"),
        (protocol.inject(2, "cup_1", 1.0), "E11"),
        (protocol.inject(1, "cup_9", 1.0), "E12"),
        (protocol.inject(1, "cup_2", 1.0), "E13"),
        (protocol.inject(1, "cup_1", 11.0), "E13"),
        (protocol.frame("INF", "0001"), "E14"),
        (protocol.fetch(1, 0, 60), "E14"),
        (b"$STA*0000\r\n", "E01"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_code(frame, code):
    assert say(instrument(), frame) == protocol.Answer("ERR", (code,))


def test_the_same_injection_again_is_acknowledged_and_not_done_again():
    emulator = instrument()
    frame = protocol.inject(1, "cup_1", 1.0)
    assert say(emulator, frame).fields == ("0001", "360.0")
    assert say(emulator, frame, 101.0).fields == ("0001", "260.0")
    assert say(emulator, frame, 1000.0).fields == ("0001", "0.0")
    assert sum(event.event == "injected" for event in emulator.truth.events) == 1


def test_a_run_takes_its_time():
    emulator = instrument()
    say(emulator, protocol.inject(1, "cup_1", 1.0))
    assert say(emulator, protocol.inject(2, "cup_1", 1.0), 100.0).fields == ("E10",)
    assert say(emulator, protocol.fetch(1, 0, 60), 100.0).fields == ("E14",)
    assert say(emulator, protocol.frame("STA"), 100.0).fields == ("RUN", "0001", "261.0")
    assert say(emulator, protocol.frame("STA"), 400.0).fields == ("READY", "0001", "0.0")
    assert say(emulator, protocol.frame("INF", "0001"), 400.0).fields == ("0001", "360", "1.0")


def test_the_cup_is_emptied_and_rinsed():
    emulator = instrument()
    say(emulator, protocol.inject(1, "cup_1", 1.0))
    assert say(emulator, protocol.inject(2, "cup_1", 1.0), 400.0).fields == ("E13",)


def test_peak_areas_are_in_the_ratio_of_the_amounts():
    emulator = instrument()
    say(emulator, protocol.inject(1, "cup_1", 1.0))
    points = [value - 2.0 for value in curve(emulator, 400.0)]
    assert sum(points[140:220]) / sum(points[230:310]) == pytest.approx(0.5, rel=1e-9)


def test_noise_is_the_same_for_the_same_seed():
    one, same, other = (instrument(noise=0.5, seed=seed) for seed in (1, 1, 2))
    for emulator in (one, same, other):
        say(emulator, protocol.inject(1, "cup_1", 1.0))
    assert curve(one, 400.0) == curve(same, 400.0)
    assert curve(one, 400.0) != curve(other, 400.0)


def test_a_power_cycle_loses_the_run():
    emulator = instrument()
    say(emulator, protocol.inject(1, "cup_1", 1.0))
    emulator.power_cycle(400.0)
    assert say(emulator, protocol.frame("STA"), 400.0).fields == ("READY", "0000", "0.0")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=150))
def test_noise_never_crashes_it_and_the_next_frame_is_answered(noise):
    emulator = instrument()
    emulator.receive(noise, 1.0)
    emulator.receive(b"\r\n", 1.0)
    assert say(emulator, protocol.frame("ID")).kind == "ID"
