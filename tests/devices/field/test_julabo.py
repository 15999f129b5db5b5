"""The circulator's emulator hears everything that manuals list and drivers of the field send."""

import pytest

from labloop_simulators.instruments.julabo import JulaboEmulator
from labloop_simulators.kit import TruthLog


def answers(bath, *commands):
    """Return what a circulator answers to commands a second apart."""
    return [
        data
        for second, command in enumerate(commands, 1)
        for _, data in bath.receive(command, float(second))
    ]


def test_capitals_and_a_line_feed_of_the_host_are_understood():
    """CORIO CD manual, page 64 writes commands in capitals; hosts end them by CR or CR LF."""
    bath = JulaboEmulator("bath", TruthLog())
    sent = (b"IN_SP_00\r\n", b"OUT_SP_00 40.5\r\n", b"In_Sp_00\r", b"STATUS\r\n")
    assert answers(bath, *sent) == [b"25.00\r\n", b"40.50\r\n", b"02 REMOTE STOP\r\n"]


def test_after_an_answer_ten_milliseconds_are_enough_and_after_a_command_250():
    """SL-26 manual, page 82; what comes sooner is lost."""
    bath = JulaboEmulator("bath", TruthLog(), baud=115_200)
    (end, _), *_ = bath.receive(b"in_sp_00\r", 1.0)
    assert len(bath.receive(b"in_sp_00\r", end + 0.011)) == 1
    assert bath.receive(b"in_sp_00\r", end + 0.02) == []
    bath.receive(b"out_sp_00 40\r", 2.0)
    assert bath.receive(b"in_sp_00\r", 2.2) == []
    bath.receive(b"out_sp_00 40\r", 3.0)
    assert [data for _, data in bath.receive(b"in_sp_00\r", 3.26)] == [b"40.00\r\n"]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("in_pv_04", b"200.00"),
        ("in_sp_01", b"25.00"),
        ("in_sp_02", b"25.00"),
        ("in_sp_03", b"200.00"),
        ("in_sp_07", b"2"),
        ("in_mode_01", b"0"),
        ("in_mode_02", b"0"),
        ("in_mode_03", b"0"),
        ("in_mode_04", b"0"),
        ("in_par_06", b"0.6"),
        ("in_par_16", b"100.0"),
        ("in_hil_00", b"100"),
        ("in_hil_01", b"100"),
    ],
)
def test_every_question_of_the_manuals_is_answered(question, answer):
    """SL-26 manual, pages 82 to 84; Magnum 91 manual, page 66."""
    bath = JulaboEmulator("bath", TruthLog())
    assert answers(bath, question.encode() + b"\r") == [answer + b"\r\n"]


def test_the_second_setpoint_is_used_once_it_is_selected():
    bath = JulaboEmulator("bath", TruthLog())
    sent = (
        b"out_sp_01 70\r",
        b"out_mode_05 1\r",
        b"out_mode_01 1\r",
        b"in_sp_00\r",
        b"in_mode_01\r",
    )
    assert answers(bath, *sent) == [b"25.00\r\n", b"1\r\n"]
    assert bath.setpoint == 70.0
    assert bath.bath.at(3600.0) == pytest.approx(70.0, abs=0.1)


def test_what_a_command_may_not_set_is_complained_about_once():
    bath = JulaboEmulator("bath", TruthLog())
    told = answers(bath, b"out_sp_07 9\r", b"status\r", b"status\r", b"out_foo_01 1\r", b"status\r")
    assert told == [b"-11 VALUE TOO LARGE\r\n", b"02 REMOTE STOP\r\n", b"-08 INVALID COMMAND\r\n"]


def test_an_addressed_circulator_hears_its_own_address_only():
    """SL-26 manual, page 82: the address stands before command and answer."""
    bath = JulaboEmulator("bath", TruthLog(), address=32)
    sent = (b"A032_in_sp_00\r", b"A033_in_sp_00\r", b"in_sp_00\r", b"a032_STATUS\r")
    assert answers(bath, *sent) == [b"A032_25.00\r\n", b"A032_02 REMOTE STOP\r\n"]
