"""The emulated plate answers as the manual says, is silent where the manual is, and heats."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop_simulators.instruments.ika import IkaEmulator
from labloop_simulators.kit import TruthLog

END = b" \r\n"


def plate() -> IkaEmulator:
    return IkaEmulator("hotplate", TruthLog())


def say(emulator: IkaEmulator, text: bytes, now: float = 1.0) -> list[bytes]:
    return [data for _, data in emulator.receive(text, now)]


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"IN_NAME \r\n", [b"RCT digital \r\n"]),
        (b"IN_NAME\r\n", [b"RCT digital \r\n"]),
        (b"IN_PV_1 \r\n", [b"22.0 1 \r\n"]),
        (b"IN_PV_2 \r\n", [b"22.0 2 \r\n"]),
        (b"IN_PV_4 \r\n", [b"0.0 4 \r\n"]),
        (b"IN_SP_1 \r\n", [b"0.0 1 \r\n"]),
        (b"OUT_WD1@120 \r\n", [b"120 \r\n"]),
        (b"OUT_SP_12@80 \r\n", [b"80 \r\n"]),
        (b"OUT_SP_12@40.5 \r\n", [b"40.5 \r\n"]),
        (b"OUT_SP_42@100 \r\n", [b"100 \r\n"]),
        (b"OUT_WD2@30 \r\n", [b"30 \r\n"]),
        (b"OUT_WD2@0 \r\n", [b"0 \r\n"]),
        (b"OUT_WD1@0 \r\n", []),
        (b"IN_PV_5 \r\n", [b"0.0 5 \r\n"]),
        (b"SET_MODE_A \r\n", []),
        (b"SET_MODE_C \r\n", []),
        (b"STATUS_1 \r\n", [b"12 1 \r\n"]),
        (b"IN_TYPE \r\n", [b"RCT digital \r\n"]),
        (b"OUT_SP_1 105.0 \r\n", []),
        (b"START_4 \r\n", []),
        (b"RESET \r\n", []),
        (b"HELLO \r\n", []),
        (b"in_pv_1 \r\n", []),
        (b"OUT_WD1@5 \r\n", []),
        (b"\r\n", []),
    ],
)
def test_a_transcript_of_the_manual(sent, answer):
    assert say(plate(), sent) == answer


def test_setpoints_are_kept_and_those_out_of_range_ignored():
    emulator = plate()
    say(emulator, b"OUT_SP_1 105.0 \r\nOUT_SP_4 600 \r\nOUT_SP_1 311 \r\nOUT_SP_4 1501 \r\n")
    assert say(emulator, b"IN_SP_1 \r\nIN_SP_4 \r\n") == [b"105.0 1 \r\n", b"600.0 4 \r\n"]


def test_several_lines_and_half_lines_are_told_apart():
    emulator = plate()
    assert say(emulator, b"IN_NA") == []
    assert say(emulator, b"ME \r\nIN_PV_4 \r\nIN_") == [b"RCT digital \r\n", b"0.0 4 \r\n"]


def test_the_vial_follows_the_plate_to_the_setpoint():
    emulator = plate()
    say(emulator, b"OUT_SP_1 105 \r\nOUT_SP_4 600 \r\nSTART_1 \r\nSTART_4 \r\n")
    early = float(say(emulator, b"IN_PV_1 \r\n", 120.0)[0].split()[0])
    plate_early = float(say(emulator, b"IN_PV_2 \r\n", 120.0)[0].split()[0])
    assert 22.0 < early < plate_early < 105.0
    assert say(emulator, b"IN_PV_1 \r\n", 3600.0) == [b"105.0 1 \r\n"]
    assert say(emulator, b"IN_PV_4 \r\n", 3600.0) == [b"600.0 4 \r\n"]


def test_a_watchdog_that_is_not_fed_switches_everything_off():
    emulator = plate()
    say(emulator, b"OUT_SP_1 105 \r\nOUT_SP_4 600 \r\nSTART_1 \r\nSTART_4 \r\nOUT_WD1@60 \r\n")
    say(emulator, b"OUT_WD1@60 \r\n", 60.0)
    assert say(emulator, b"IN_PV_4 \r\n", 119.0) == [b"600.0 4 \r\n"]
    assert say(emulator, b"IN_PV_4 \r\n", 130.0) == [b"0.0 4 \r\n"]
    assert emulator.plate.tripped
    say(emulator, b"START_1 \r\n", 131.0)
    assert not emulator.plate.heating


def test_the_second_watchdog_falls_back_to_its_own_limits_instead_of_switching_off():
    emulator = plate()
    say(emulator, b"OUT_SP_1 105 \r\nOUT_SP_4 600 \r\nSTART_1 \r\nSTART_4 \r\n")
    say(emulator, b"OUT_SP_12@40.5 \r\nOUT_SP_42@100 \r\nOUT_WD2@60 \r\n")
    assert say(emulator, b"IN_SP_1 \r\nIN_SP_4 \r\n", 59.0) == [b"105.0 1 \r\n", b"600.0 4 \r\n"]
    assert say(emulator, b"IN_SP_1 \r\nIN_SP_4 \r\n", 62.0) == [b"40.5 1 \r\n", b"100.0 4 \r\n"]
    assert emulator.plate.heating
    assert not emulator.plate.tripped


def test_a_plate_of_the_manual_does_not_know_what_newer_ones_answer():
    emulator = IkaEmulator("hotplate", TruthLog(), newer=False)
    assert say(emulator, b"STATUS_1 \r\nIN_TYPE \r\nIN_PV_7 \r\n") == []


def test_a_power_cycle_forgets_settings_and_keeps_the_heat():
    emulator = plate()
    say(emulator, b"OUT_SP_1 105 \r\nSTART_1 \r\n")
    emulator.power_cycle(3600.0)
    assert not emulator.plate.heating
    assert emulator.plate.plate == pytest.approx(105.0, abs=0.1)
    assert say(emulator, b"IN_SP_1 \r\n", 3600.0) == [b"0.0 1 \r\n"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=120))
def test_noise_never_crashes_the_plate_and_the_next_line_is_answered(noise):
    emulator = plate()
    emulator.receive(noise, 1.0)
    emulator.receive(b"\r\n", 1.0)
    assert say(emulator, b"IN_NAME" + END)[-1] == b"RCT digital" + END
