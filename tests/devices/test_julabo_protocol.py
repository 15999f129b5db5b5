"""Julabo's bytes: commands and answers as the manuals show them; damage is told in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import ProtocolError
from labloop_devices.julabo import _protocol as protocol


def test_commands_are_built_as_the_manual_shows():
    """SL-26 manual, page 82: out_sp_00 55.5, in_sp_00, A032_in_sp_00."""
    assert protocol.set_temperature(55.5) == b"out_sp_00 55.50\r"
    assert protocol.question(protocol.SETPOINT) == b"in_sp_00\r"
    assert protocol.question(protocol.SETPOINT, 32) == b"A032_in_sp_00\r"
    assert (protocol.switch(True), protocol.switch(False)) == (
        b"out_mode_05 1\r",
        b"out_mode_05 0\r",
    )


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_answer_is_read_with_either_end(end):
    """Manuals say LF, instruments in the field send CR LF as well."""
    assert protocol.line_length(b"55.5" + end) == 4 + len(end)
    assert protocol.parse_value(b"55.5" + end) == 55.5


def test_an_answer_on_rs485_must_bear_the_address_asked():
    assert protocol.parse_value(b"A032_55.5\n", 32) == 55.5
    with pytest.raises(ProtocolError, match="another address"):
        protocol.parse_value(b"A033_55.5\n", 32)


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (b"00 MANUAL STOP", 0),
        (b"01 MANUAL START", 1),
        (b"02 REMOTE STOP", 2),
        (b"03 REMOTE START", 3),
        (b"-01 LOW LEVEL ALARM", -1),
        (b"-07 I2C-BUS ERROR", -7),
        (b"-09 COMMAND NOT ALLOWED IN CURRENT OPERATING MODE", -9),
        (b"-13 VALUE EXCEEDS TEMPERATURE LIMITS", -13),
    ],
)
def test_each_status_message_of_the_manual_is_read(line, number):
    """Magio MX manual, page 91."""
    assert protocol.parse_status(line + b"\n") == (number, line.split(b" ", 1)[1].decode())


@pytest.mark.parametrize(
    "line", [b"00 MANUAL START", b"04 REMOTE STOP", b"3 REMOTE START", b"25.0"]
)
def test_a_status_that_no_manual_knows_is_refused(line):
    with pytest.raises(ProtocolError, match=r"status"):
        protocol.parse_status(line + b"\n")


@pytest.mark.parametrize(
    "text", [b"1_0", b"nan", b"1e2", b"", b"55,5", b"- 5", "\uff15.5".encode()]
)
def test_what_python_would_take_for_a_number_is_refused(text):
    with pytest.raises(ProtocolError, match=r"number was due|no line of text"):
        protocol.parse_value(text + b"\n")


@given(st.binary(max_size=60))
def test_noise_is_refused_in_words(noise):
    """No bytes of any kind make the parsers raise anything but ProtocolError."""
    for parse in (protocol.parse_value, protocol.parse_status, protocol.parse_version):
        try:
            parse(noise)
        except ProtocolError:
            continue
    assert protocol.parse_value(b"-12.34\n") == -12.34


@given(st.floats(-50, 300))
def test_a_setpoint_is_sent_to_the_hundredth(celsius):
    sent = protocol.set_temperature(celsius)
    assert abs(float(sent.split()[1]) - celsius) <= 0.00501
