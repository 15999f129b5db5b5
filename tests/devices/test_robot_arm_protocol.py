"""The arm's frames are those of its README; damage is noticed and never crashes the parser."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import LabloopError, ProtocolError
from labloop_devices.robot_arm import _protocol as protocol

WORDS = st.text("ABCDEF0123456789.-", min_size=1, max_size=8)


def answer(text: str) -> bytes:
    return protocol.frame("#" + text)


def test_the_checksum_is_the_published_check_value():
    assert protocol.checksum(b"123456789") == b"29B1"


def test_a_command_is_framed_as_the_readme_says():
    frame = protocol.command(7, "ASP", "DMAc", "436.3")
    assert frame.startswith(b"*0007 ASP DMAc 436.3 ~")
    assert frame.endswith(b"\r\n")
    assert frame[-6:-2] == protocol.checksum(b"*0007 ASP DMAc 436.3")


def test_sequence_numbers_wrap_and_never_are_zero():
    assert protocol.next_sequence(0) == 1
    assert protocol.next_sequence(9999) == 1
    with pytest.raises(ProtocolError, match="1 to 9999"):
        protocol.command(0, "HOME")


@pytest.mark.parametrize("name", ["", "a b", "a~b", "x" * 25, "ä", "a\n"])
def test_a_name_that_would_break_the_frame_is_refused(name):
    with pytest.raises(ProtocolError, match="1 to 24 letters"):
        protocol.slot(name)


def test_a_status_is_read():
    status = protocol.parse_status(answer("STATUS IDLE cup_1 1 30.0 767 240"))
    assert status == protocol.Status("IDLE", "cup_1", True, 30.0, 767, 240)


@pytest.mark.parametrize(
    "text", ["STATUS IDLE", "STATUS IDLE - 2 0.0 1 1", "STATUS IDLE - 1 x 1 1"]
)
def test_a_status_that_cannot_be_read_is_refused(text):
    with pytest.raises(ProtocolError, match="cannot be read"):
        protocol.parse_status(answer(text))


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=5))
def test_every_answer_survives_the_way(words):
    got = protocol.parse(answer(" ".join(words)))
    assert (got.kind, *got.words) == tuple(words)


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=5), st.data())
def test_every_flipped_bit_is_noticed(words, data):
    frame = bytearray(answer(" ".join(words)))
    at = data.draw(st.integers(0, len(frame) - 3))
    frame[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ProtocolError, match=r"no frame|wrong checksum"):
        protocol.parse(bytes(frame))


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_noise_before_a_good_answer_costs_nothing(noise):
    good = answer("0007 ACK 1200")
    with suppress(LabloopError):
        protocol.parse(noise)
    assert protocol.parse(noise + good) == protocol.Answer("0007", ("ACK", "1200"))
