"""Bytes of the IKA RCT digital (NAMUR over RS-232): pure functions, no port.

IKA RCT digital manual, pages 28 to 30: the computer asks and the plate answers, never
unasked; capital letters; every command and every answer ends with blank, CR, LF and has
at most 80 characters; a decimal point.
"""

import re

from labloop.errors import ProtocolError

END = b" \r\n"
LONGEST = 80
"""Characters of the longest line that the manual allows."""

IN_NAME = b"IN_NAME" + END
RESET = b"RESET" + END

EXTERNAL, PLATE, MOTOR = 1, 2, 4
"""NAMUR channels: external probe, plate sensor, stirrer. The heater is channel 1 too."""

_WATCHDOG_SECONDS = (20, 1500)
_ANSWER = re.compile(r"([+-]?\d{1,6}(?:\.\d{1,6})?)(?: +(\d{1,2}))?", re.ASCII)


def read_value(channel: int) -> bytes:
    """Return the question for the present value of ``channel``."""
    return b"IN_PV_%d" % channel + END


def read_setpoint(channel: int) -> bytes:
    """Return the question for the setpoint of ``channel`` (1 temperature, 4 speed)."""
    return b"IN_SP_%d" % channel + END


def set_temperature(celsius: float) -> bytes:
    """Return the command for a temperature setpoint, which the plate does not answer."""
    return f"OUT_SP_{EXTERNAL} {celsius:.1f}".encode() + END


def set_speed(rpm: float) -> bytes:
    """Return the command for a speed setpoint, which the plate does not answer."""
    return f"OUT_SP_{MOTOR} {rpm:.0f}".encode() + END


def start(channel: int) -> bytes:
    """Return the command that starts heater (1) or stirrer (4); no answer."""
    return b"START_%d" % channel + END


def stop(channel: int) -> bytes:
    """Return the command that stops heater (1) or stirrer (4); no answer."""
    return b"STOP_%d" % channel + END


def watchdog(seconds: int) -> bytes:
    """Return the command that arms (or feeds) watchdog 1, which the plate echoes.

    Raises:
        ProtocolError: outside of the 20 to 1500 s that the manual allows.
    """
    low, high = _WATCHDOG_SECONDS
    if not low <= seconds <= high:
        raise ProtocolError(f"the IKA watchdog takes {low} to {high} s, got {seconds} s")
    return b"OUT_WD1@%d" % seconds + END


def line_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make one complete answer, 0 while none does.

    Other plates of the family end with CR LF alone, so the blank is not required.
    """
    return buffer.find(b"\n") + 1


def parse_text(reply: bytes) -> str:
    """Return the text of an answer such as the plate's name; raises ProtocolError."""
    text = reply.rstrip(b" \r\n")
    if not text or len(reply) > LONGEST or not all(32 <= byte < 127 for byte in text):
        raise ProtocolError(f"the IKA plate answered {reply!r}, which is no line of text")
    return text.decode("ascii")


def parse_name(reply: bytes) -> str:
    """Return the plate's name; raises ProtocolError for the answer to any other question."""
    text = parse_text(reply)
    if _ANSWER.fullmatch(text.strip()) or sum(letter.isalpha() for letter in text) < 2:
        raise ProtocolError(f"the IKA plate answered {reply!r} where its name was due")
    return text


def parse_value(reply: bytes, channel: int | None = None) -> float:
    """Return the number of an answer ``value channel``.

    Args:
        reply: the complete line.
        channel: the channel asked for; an answer that names another one is refused,
            because it belongs to an older question. None accepts any.

    Raises:
        ProtocolError: no number, or another channel.
    """
    match = _ANSWER.fullmatch(parse_text(reply).strip())
    if match is None:
        raise ProtocolError(f"the IKA plate answered {reply!r} where a number was due")
    answered = int(match[2]) if match[2] else None
    if channel is not None and answered not in {None, channel}:
        raise ProtocolError(
            f"the IKA plate answered {reply!r} for channel {answered}, asked was {channel}"
        )
    return float(match[1])
