"""The HPLC's frames are those of its README; damage is noticed and never crashes the parser."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import LabloopError, ProtocolError
from labloop_devices.hplc import _protocol as protocol


def answer(*fields: str) -> bytes:
    return b"@" + protocol.frame(*fields)[1:]


def test_the_checksum_is_the_published_check_value():
    assert protocol.checksum(b"123456789") == b"31C3"


def test_a_request_is_framed_as_the_readme_says():
    frame = protocol.inject(18, "cup_1", 1.0)
    assert frame == b"$INJ,0018,cup_1,1.0*" + protocol.checksum(b"INJ,0018,cup_1,1.0") + b"\r\n"


def test_run_numbers_wrap():
    assert (protocol.next_run(0), protocol.next_run(9999)) == (1, 1)


@pytest.mark.parametrize("name", ["", "a,b", "a*b", "x" * 25, "cup 1"])
def test_a_position_that_would_break_the_frame_is_refused(name):
    with pytest.raises(ProtocolError, match="1 to 24 letters"):
        protocol.position(name)


def test_points_keep_their_sign_and_their_digits():
    digits = b"".join(v.to_bytes(6, "big", signed=True) for v in (-1, 1_530_000_000_001)).hex()
    block = protocol.parse(answer("DAT", "0001", "0", "2", digits.upper()))
    assert protocol.parse_block(block, 1, 0, 2) == [-1e-9, 1530.000000001]


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        (("DAT", "0001", "0", "1", "00"), "asked was"),
        (("DAT", "0002", "0", "1", "0" * 12), "asked was"),
        (("DAT", "0001", "0", "1", "0x" * 6), "not hexadecimal"),
    ],
)
def test_another_block_than_asked_for_is_refused(fields, match):
    with pytest.raises(ProtocolError, match=match):
        protocol.parse_block(protocol.parse(answer(*fields)), 1, 0, 1)


def test_status_and_size_that_cannot_be_read_are_refused():
    with pytest.raises(ProtocolError, match="status"):
        protocol.parse_status(protocol.Answer("STA", ("READY", "1_0", "0.0")))
    with pytest.raises(ProtocolError, match="no size"):
        protocol.parse_size(protocol.Answer("INF", ("0001", "360")), 1)
    with pytest.raises(ProtocolError, match="does not accept run 2"):
        protocol.parse_started(protocol.Answer("OK", ("0001", "1.0")), 2)


@settings(deadline=None)
@given(st.lists(st.text("ABC019._-", max_size=8), max_size=5), st.data())
def test_every_flipped_bit_is_noticed(fields, data):
    frame = bytearray(answer("DAT", *fields))
    at = data.draw(st.integers(0, len(frame) - 3))
    frame[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ProtocolError, match=r"no frame|wrong checksum"):
        protocol.parse(bytes(frame))


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_noise_before_a_good_answer_costs_nothing(noise):
    with suppress(LabloopError):
        protocol.parse(noise)
    assert protocol.parse(noise + answer("OK", "0001", "360.0")).fields == ("0001", "360.0")
