"""Bytes of the New Era NE-1000 family (RS-232, basic and safe mode): pure functions, no port.

NE-1000 manual (publication 1200-01), pages 33 and 34, NE-1600 manual (1200-02), pages 34 and
35. Basic mode: ``text CR`` to the pump, ``STX text ETX`` back. Safe mode, both ways:
``STX length text crc-high crc-low ETX``; the length counts itself and everything behind it,
the checksum is the CRC-16 of CCITT with start value 0 over the text.

The text to the pump is ``[address][command]``, the text back ``address status [data]``.
"""

import binascii
import math
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from labloop.errors import ProtocolError

STX, ETX = 0x02, 0x03
ALARM = b"A?"
"""Stands in every answer that tells an alarm, and in no other."""
_FRAME = 5
"""Bytes of a safe packet beside its text: STX, length, two of checksum, ETX."""
_SHORTEST = 3
"""Characters of the shortest answer: two of address, one of status."""
SAFE_SECONDS = (1, 255)
"""Time-outs that SAF takes; 0 would mean basic mode."""

RUNNING = frozenset("IWX")
"""Status letters of a pump whose motor turns: infusing, withdrawing, purging."""
_STATUS = b"IWSPTUX"
_ALARMS = {
    "R": "was reset: its power was interrupted",
    "S": "stalled: its motor could not turn",
    "T": "heard nothing in time and stopped itself (safe mode communications time-out)",
    "E": "has an error in its pumping program",
    "O": "is told of a program phase out of range",
}
_REFUSALS = {
    "?": "does not know the command",
    "?NA": "cannot do that now (not applicable)",
    "?OOR": "finds the value out of range",
    "?COM": "received a damaged packet",
    "?IGN": "ignored the command because a new phase began",
}
_NUMBER = rb"(\d{1,4}(?:\.\d{0,3})?|\.\d{1,3})"
_RATE = re.compile(_NUMBER + rb"(UM|MM|UH|MH)")
_DISPENSED = re.compile(rb"I" + _NUMBER + rb"W" + _NUMBER + rb"(UL|ML)")
_VERSION = re.compile(rb"(NE\d{1,5}[A-Z]{0,3}\d?)V(\d{1,2}\.\d{1,4})")
_PER_MINUTE = {b"UM": 1e-3, b"MM": 1.0, b"UH": 1e-3 / 60.0, b"MH": 1.0 / 60.0}
_MILLILITRES = {b"UL": 1e-3, b"ML": 1.0}


class Answer(NamedTuple):
    """What a pump answered: its status letter (or ``A?R`` ... for an alarm) and its data."""

    status: str
    data: bytes

    @property
    def alarm(self) -> str:
        """What the alarm says in words, empty while there is none."""
        return _ALARMS[self.status[2]] if self.status[0] == "A" else ""

    @property
    def refusal(self) -> str:
        """Why the command was not carried out, in words; empty where it was."""
        return _REFUSALS.get(self.data.decode("ascii"), "") if self.data[:1] == b"?" else ""


def frame(command: str, *, address: int = 0, safe: bool = True) -> bytes:
    """Return the bytes that carry ``command`` to the pump; an empty one asks for the status."""
    text = f"{address:02d}{command}".encode("ascii")
    return packet(text) if safe else text + b"\r"


def packet(text: bytes) -> bytes:
    """Return ``text`` as a safe mode packet.

    ``packet(b"SAF0")`` is the example of the manual: 02 08 'SAF0' 55 43 03.
    """
    checksum = binascii.crc_hqx(text, 0)
    return bytes((STX, len(text) + _FRAME - 1)) + text + checksum.to_bytes(2, "big") + bytes((ETX,))


def safe_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make one safe packet, 0 while none is complete.

    Bytes before the first STX count along. A length that no packet can have ends the answer
    at once, so that the parser says what is wrong instead of a time-out.
    """
    begin = buffer.find(STX)
    if begin < 0 or len(buffer) < begin + 2:
        return 0
    length = buffer[begin + 1]
    if length < _FRAME - 1 + _SHORTEST:
        return len(buffer)
    end = begin + 1 + length
    return end if len(buffer) >= end else 0


def basic_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make one basic answer, 0 while none is complete."""
    return buffer.find(ETX) + 1


def answers(buffer: bytes, *, safe: bool = True) -> Iterator[bytes]:
    """Yield the complete answers in ``buffer``, of all pumps on the line, in their order."""
    length = safe_length if safe else basic_length
    begin = 0
    while (size := length(buffer[begin:])) > 0:
        yield buffer[begin : begin + size]
        begin += size


def answer_length(*, address: int = 0, safe: bool = True) -> Callable[[bytes], int]:
    """Return what says where the first answer of pump ``address`` ends, 0 while it is not there.

    Answers of other pumps on the line, which come late, stand before it. A damaged one counts
    as its own, so that the parser says what is wrong.
    """
    own, at = b"%02d" % address, 2 if safe else 1
    length = safe_length if safe else basic_length

    def complete(buffer: bytes) -> int:
        if buffer[:1] == b"\x02" and buffer[at : at + 2] == own:
            # The common case: its own answer comes first.
            return length(buffer)
        end = 0
        for answer in answers(buffer, safe=safe):
            end += len(answer)
            begin = answer.find(STX) + at
            named = answer[begin : begin + 2]
            if named == own or not named.isdigit():
                return end
        return 0

    return complete


def version_end(*, address: int = 0, safe: bool = True) -> Callable[[bytes], int]:
    """Return what says where the answer to VER ends, whatever stands before it.

    Each STX may begin it: an answer that was cut swallows the next one by its length.
    """
    length = safe_length if safe else basic_length

    def answered(buffer: bytes) -> int:
        begin = buffer.find(STX)
        while begin >= 0:
            end = begin + length(buffer[begin:])
            with suppress(ProtocolError):
                parse_version(parse(buffer[begin:end], address=address, safe=safe).data)
                return end
            begin = buffer.find(STX, begin + 1)
        return 0

    return answered


@lru_cache(maxsize=256)
def parse(reply: bytes, *, address: int = 0, safe: bool = True) -> Answer:
    """Return what the last answer in a complete reply says; the same bytes are read once.

    Raises:
        ProtocolError: damaged, from another address, or no status in it.
    """
    for last in answers(reply, safe=safe):
        reply = last
    text = _unpack(reply) if safe else _strip(reply)
    if text[:2] != b"%02d" % address:
        raise ProtocolError(f"asked pump {address:02d}, but {reply!r} comes from another address")
    status = text[2:3]
    if status and status in _STATUS:
        return Answer(status.decode("ascii"), _printable(text[3:], reply))
    if text[2:4] == b"A?" and text[4:5].decode("latin-1") in _ALARMS:
        return Answer(text[2:5].decode("ascii"), _printable(text[5:], reply))
    raise ProtocolError(f"the pump answered {reply!r}, which has no known status")


def _unpack(reply: bytes) -> bytes:
    size = len(reply)
    if size < _FRAME + _SHORTEST or reply[0] != STX or reply[-1] != ETX or reply[1] != size - 1:
        raise ProtocolError(f"the pump answered {reply!r}, which is no safe mode packet")
    text = reply[2:-3]
    if binascii.crc_hqx(text, 0) != (reply[-3] << 8) | reply[-2]:
        raise ProtocolError(f"the pump answered {reply!r}, whose checksum is wrong")
    return text


def _strip(reply: bytes) -> bytes:
    if len(reply) < _SHORTEST + 2 or reply[0] != STX or reply[-1] != ETX:
        raise ProtocolError(f"the pump answered {reply!r}, which is no basic mode answer")
    return reply[1:-1]


def _printable(data: bytes, reply: bytes) -> bytes:
    if data and (min(data) < 0x20 or max(data) > 0x7E):
        raise ProtocolError(f"the pump answered {reply!r}, which holds control characters")
    return data


def number(value: float) -> str:
    """Return ``value`` as the pump wants it: at most four digits, at most three behind the point.

    Raises:
        ProtocolError: negative, or too large for four digits.
    """
    for decimals in (3, 2, 1, 0):
        text = f"{value:.{decimals}f}"
        if 0.0 <= value < math.inf and len(text.replace(".", "")) <= 4:
            return text
    raise ProtocolError(f"the pump takes numbers from 0 to 9999, got {value}")


def parse_rate(data: bytes) -> float:
    """Return the rate in an answer's data in mL/min; raises ProtocolError."""
    match = _RATE.fullmatch(data)
    if match is None:
        raise ProtocolError(f"the pump answered {data!r} where a rate was due")
    value, unit = match.groups()
    return float(value) * _PER_MINUTE[unit]


def parse_dispensed(data: bytes) -> tuple[float, float]:
    """Return the volumes infused and withdrawn, in mL; raises ProtocolError."""
    match = _DISPENSED.fullmatch(data)
    if match is None:
        raise ProtocolError(f"the pump answered {data!r} where two volumes were due")
    infused, withdrawn, unit = match.groups()
    factor = _MILLILITRES[unit]
    return float(infused) * factor, float(withdrawn) * factor


def parse_version(data: bytes) -> tuple[str, str]:
    """Return model and firmware of an answer to VER; raises ProtocolError."""
    match = _VERSION.fullmatch(data)
    if match is None:
        raise ProtocolError(f"the pump answered {data!r} where model and version were due")
    return match[1].decode("ascii"), match[2].decode("ascii")
