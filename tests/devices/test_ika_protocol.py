"""The bytes of the IKA plate are those of its manual, and no answer can crash the parser."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import LabloopError, ProtocolError
from labloop_devices.ika import _protocol as protocol


@pytest.mark.parametrize(
    ("frame", "bytes_of_the_manual"),
    [
        (protocol.IN_NAME, b"IN_NAME \r\n"),
        (protocol.read_value(1), b"IN_PV_1 \r\n"),
        (protocol.read_value(4), b"IN_PV_4 \r\n"),
        (protocol.read_setpoint(1), b"IN_SP_1 \r\n"),
        (protocol.set_temperature(105.0), b"OUT_SP_1 105.0 \r\n"),
        (protocol.set_speed(600.0), b"OUT_SP_4 600 \r\n"),
        (protocol.start(1), b"START_1 \r\n"),
        (protocol.stop(4), b"STOP_4 \r\n"),
        (protocol.RESET, b"RESET \r\n"),
        (protocol.watchdog(120), b"OUT_WD1@120 \r\n"),
    ],
)
def test_commands_are_those_of_the_manual(frame, bytes_of_the_manual):
    assert frame == bytes_of_the_manual


@pytest.mark.parametrize(
    ("reply", "value"),
    [(b"23.5 1 \r\n", 23.5), (b"-4.0 1\r\n", -4.0), (b"  0.0 1 \r\n", 0.0), (b"25 \r\n", 25.0)],
)
def test_values_are_read_with_and_without_the_blank_before_the_end(reply, value):
    assert protocol.parse_value(reply, 1) == value


def test_an_answer_of_another_channel_is_refused():
    with pytest.raises(ProtocolError, match="channel 2, asked was 1"):
        protocol.parse_value(b"60.0 2 \r\n", 1)


@pytest.mark.parametrize(
    "reply", [b"nan 1 \r\n", b"1_0 1 \r\n", b"inf \r\n", b"1 2 3 \r\n", b"x\r\n"]
)
def test_what_is_no_number_is_refused(reply):
    with pytest.raises(ProtocolError, match="number was due"):
        protocol.parse_value(reply)


@pytest.mark.parametrize("reply", [b"\r\n", b"\xff\r\n", b"1" * 90 + b"\r\n"])
def test_what_is_no_line_is_refused(reply):
    with pytest.raises(ProtocolError, match="no line of text"):
        protocol.parse_text(reply)


@pytest.mark.parametrize("seconds", [0, 19, 1501])
def test_the_watchdog_takes_the_times_of_the_manual_only(seconds):
    with pytest.raises(ProtocolError, match="20 to 1500 s"):
        protocol.watchdog(seconds)


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_no_bytes_crash_the_parser(reply):
    try:
        value = protocol.parse_value(reply, 1)
    except LabloopError:
        return
    assert -1e6 < value < 1e6


@settings(deadline=None)
@given(st.binary(max_size=30).filter(lambda b: b"\n" not in b), st.floats(-99, 400))
def test_a_complete_line_is_found_wherever_the_bytes_are_cut(noise, value):
    line = noise + f"{value:.1f} 1 \r\n".encode()
    for cut in range(len(line)):
        assert protocol.line_length(line[:cut]) == 0
    assert protocol.line_length(line + b"more") == len(line)
