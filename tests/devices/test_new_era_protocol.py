"""New Era's bytes: what the manuals show is built and read so; damage is told, never a crash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labloop.errors import ProtocolError
from labloop_devices.new_era import _protocol as protocol


def test_the_packet_of_the_manual_is_built_to_the_byte():
    """NE-1000 manual, page 33: 02 08 'SAF0' 55 43 03."""
    assert protocol.packet(b"SAF0") == b"\x02\x08SAF0\x55\x43\x03"


def test_a_command_carries_the_address_in_both_modes():
    assert protocol.frame("STP", address=7, safe=False) == b"07STP\r"
    assert protocol.frame("STP", address=7)[2:7] == b"07STP"


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.0, "5.000"), (26.59, "26.59"), (0.0314, "0.031"), (9.9996, "10.00"), (1500.4, "1500")],
)
def test_a_number_has_at_most_four_digits_and_three_decimals(value, text):
    """NE-1000 manual, page 33: the float of the command syntax."""
    assert protocol.number(value) == text


@pytest.mark.parametrize("value", [-0.5, 10_000.0, float("nan"), float("inf")])
def test_a_number_that_the_pump_cannot_hold_is_refused(value):
    with pytest.raises(ProtocolError, match="0 to 9999"):
        protocol.number(value)


@pytest.mark.parametrize("letter", "IWSPTUX")
def test_each_status_letter_of_the_manual_is_read(letter):
    answer = protocol.parse(f"\x0200{letter}\x03".encode(), safe=False)
    assert (answer.status, answer.alarm, answer.data) == (letter, "", b"")


@pytest.mark.parametrize(
    ("letter", "words"),
    [("R", "reset"), ("S", "stalled"), ("T", "time-out"), ("E", "program"), ("O", "phase")],
)
def test_each_alarm_of_the_manual_has_words(letter, words):
    """NE-1600 manual, page 34."""
    answer = protocol.parse(protocol.packet(f"00A?{letter}".encode()))
    assert words in answer.alarm


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("?", "does not know"),
        ("?NA", "not applicable"),
        ("?OOR", "out of range"),
        ("?COM", "damaged"),
        ("?IGN", "ignored"),
    ],
)
def test_each_refusal_of_the_manual_has_words(data, words):
    """NE-1600 manual, page 35."""
    assert words in protocol.parse(protocol.packet(f"00S{data}".encode())).refusal


def test_answers_become_values_in_millilitres_and_minutes():
    assert protocol.parse_rate(b"300.0UM") == pytest.approx(0.3)
    assert protocol.parse_rate(b"60.00MH") == pytest.approx(1.0)
    assert protocol.parse_dispensed(b"I1.250W0.500ML") == (1.25, 0.5)
    assert protocol.parse_dispensed(b"I1250W.500UL") == pytest.approx((1.25, 0.0005))
    assert protocol.parse_version(b"NE1000V3.928") == ("NE1000", "3.928")


@pytest.mark.parametrize(
    "data", [b"1_00MM", b"nanMM", b"1e3MM", "\uff11.0MM".encode(), b"5.0", b"5.0ML"]
)
def test_what_python_would_take_for_a_number_is_refused(data):
    with pytest.raises(ProtocolError, match="rate was due"):
        protocol.parse_rate(data)


def test_an_answer_of_another_pump_is_refused():
    with pytest.raises(ProtocolError, match="another address"):
        protocol.parse(protocol.packet(b"03S"), address=0)


@given(st.binary(max_size=40))
def test_noise_is_refused_in_words(noise):
    """No bytes of any kind make the parsers raise anything but ProtocolError."""
    for safe, length in ((True, protocol.safe_length), (False, protocol.basic_length)):
        size = length(noise)
        assert 0 <= size <= max(len(noise), 0)
        try:
            protocol.parse(noise[:size] if size else noise, safe=safe)
        except ProtocolError:
            continue


@given(st.integers(0, 14), st.integers(1, 255), st.sampled_from(["I1.250W0.000ML", "5.000MM"]))
def test_a_flipped_byte_is_never_taken_for_an_answer_and_the_next_one_is_read(place, flip, data):
    """Safe mode catches every damaged byte; what follows is understood again."""
    good = protocol.packet(f"00I{data}".encode())
    bad = bytearray(good)
    bad[place % len(bad)] ^= flip
    with pytest.raises(ProtocolError):
        protocol.parse(bytes(bad))
    assert protocol.safe_length(good) == len(good)
    assert protocol.parse(good).data == data.encode()


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.", max_size=30), st.integers(0, 99))
def test_what_is_packed_is_unpacked(text, address):
    answer = protocol.parse(protocol.packet(f"{address:02d}S{text}".encode()), address=address)
    assert answer == ("S", text.encode())


def test_a_packet_is_complete_only_with_its_last_byte():
    good = protocol.packet(b"00S")
    assert [protocol.safe_length(good[:n]) for n in range(len(good))] == [0] * len(good)
    assert protocol.safe_length(good + b"\x02") == len(good)
