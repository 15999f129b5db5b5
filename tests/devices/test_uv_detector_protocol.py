"""The detector's bytes: lines and blocks with checksums; damage is told, never a crash."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import ProtocolError
from labloop_devices.uv_detector import _protocol as protocol

LINE = b"STATE READY 3 0"


def block(values, scan=1):
    text = "".join(f"{round(1000 * v):+08d}" for v in values)
    return protocol.line(f"DATA {scan} {len(values)} 0 600") + protocol.line(text)


def test_a_line_is_built_as_the_protocol_page_shows():
    """The example of the README, to the byte."""
    assert protocol.line("ID?") == b"ID?*8588\r\n"


def test_a_chromatogram_comes_back_in_minutes_and_milliabsorbance():
    drawn = protocol.parse_block(block([0.0, 1.5, -2.25], scan=9))
    assert drawn.scan == 9
    assert np.allclose(drawn.minutes, [0.0, 0.01, 0.02])
    assert np.allclose(drawn.absorbance, [0.0, 1.5, -2.25])


@given(st.lists(st.floats(-9999, 9999), min_size=1, max_size=40))
def test_a_block_is_complete_with_its_last_byte_and_not_before(values):
    sent = block(values)
    assert protocol.block_length(sent + b"more") == len(sent)
    assert protocol.block_length(sent[:-1]) == 0
    assert np.allclose(protocol.parse_block(sent).absorbance, values, atol=0.00051)


@given(st.data())
def test_a_flipped_byte_is_never_taken_for_a_chromatogram(data):
    """Whichever byte of header or block is damaged, it is told; the next block is read."""
    good = block([1.0, 2.0, 3.0])
    bad = bytearray(good)
    bad[data.draw(st.integers(0, len(bad) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ProtocolError):
        protocol.parse_block(bytes(bad))
    assert protocol.parse_block(good).scan == 1


def test_a_block_shorter_than_its_header_says_is_refused():
    cut = protocol.line("DATA 1 3 0 600") + protocol.line("+0001000+0002000")
    with pytest.raises(ProtocolError, match="announced 3 points"):
        protocol.parse_block(cut)


def test_a_point_that_is_no_number_is_refused_though_its_checksum_is_right():
    bad = protocol.line("DATA 1 2 0 600") + protocol.line("+0001000+00_2000")
    with pytest.raises(ProtocolError, match="no number"):
        protocol.parse_block(bad)


@given(st.binary(max_size=80))
def test_noise_is_refused_in_words(noise):
    """No bytes of any kind make the parsers raise anything but ProtocolError."""
    assert 0 <= protocol.block_length(noise) <= len(noise)
    for parse in (
        protocol.parse_block,
        lambda raw: protocol.parse_state(protocol.text_of(raw)),
        lambda raw: protocol.parse_lamp(protocol.text_of(raw)),
    ):
        with pytest.raises(ProtocolError):
            parse(noise)
    assert protocol.parse_state(LINE) == ("READY", 3, 0.0)


def test_an_error_is_read_with_its_number():
    assert protocol.parse_error(b"ERR 3 BUSY") == "BUSY (error 3)"
    assert protocol.parse_error(LINE) == ""
