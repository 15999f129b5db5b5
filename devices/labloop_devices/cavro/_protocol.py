"""Bytes of Tecan Cavro pumps (OEM protocol): pure functions, no port.

Cavro XLP 6000 operating manual (734237-C), pages 3-3 to 3-8. To the pump: STX, its address, a
sequence byte, text, ETX, checksum; back: STX, ``0`` (the host), a status byte, text, ETX,
checksum, which is the exclusive or of all bytes before it.

The sequence byte is ``0011`` and a repeat flag and a number: a block that is sent again with
the flag set, and the same number, is acknowledged and not carried out twice.
"""

import re
from functools import reduce
from operator import xor
from typing import NamedTuple

from labloop.errors import ProtocolError

STX, ETX, HOST = 0x02, 0x03, 0x30
HIGHEST_ADDRESS = 14
NUMBERS = range(1, 8)
"""Sequence numbers: each block has another one than the block before."""

STATUS, POSITION, VERSION = "Q", "?", "&"
_READY, _ALWAYS = 0x20, 0x40
_ERRORS = {
    1: "could not be initialised",
    2: "does not know the command",
    3: "finds a number out of range",
    4: "finds the sequence of commands invalid",
    6: "has a fault of its memory (EEPROM)",
    7: "is not initialised",
    9: "plunger overload: its plunger is blocked, or pushes against too high a pressure",
    10: "valve overload: its valve is blocked",
    11: "plunger move not allowed: its valve stands on bypass",
    15: "is still carrying out a command",
}
OVERLOADS = frozenset({1, 9, 10})
"""Errors after which only an initialisation helps."""
_DIGITS = re.compile(rb"\d{1,5}")
_VERSION = re.compile(rb"(?=.*[A-Za-z])[ -~]{4,60}")


class Answer(NamedTuple):
    """What a pump answered: whether it is ready, the number of its error, and text."""

    ready: bool
    error: int
    data: bytes

    @property
    def trouble(self) -> str:
        """What the error means, empty where there is none."""
        return _ERRORS.get(self.error, f"reports error {self.error}") if self.error else ""


def frame(text: str, *, address: int, number: int, repeated: bool = False) -> bytes:
    """Return the block that carries ``text``.

    Args:
        text: commands, or a question.
        address: the pump's switch, 0 to 14.
        number: the sequence number, 1 to 7.
        repeated: whether the same block was sent before.

    Raises:
        ProtocolError: an address or a number that there is not.
    """
    if address not in range(HIGHEST_ADDRESS + 1) or number not in NUMBERS:
        raise ProtocolError(f"no Cavro block has address {address} and number {number}")
    sequence = 0x30 | repeated << 3 | number
    block = bytes((STX, 0x31 + address, sequence)) + text.encode("ascii") + bytes((ETX,))
    return block + bytes((reduce(xor, block),))


def answer_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make one answer, what stands before it included."""
    begin = buffer.find(STX)
    if begin < 0:
        return 0
    end = buffer.find(ETX, begin)
    return end + 2 if 0 < end < len(buffer) - 1 else 0


def parse(reply: bytes) -> Answer:
    """Return what an answer says.

    Raises:
        ProtocolError: damaged, or not for the host.
    """
    block = reply[max(reply.find(STX), 0) :]
    if len(block) < 5 or block[0] != STX or block[1] != HOST or block[-2] != ETX:
        raise ProtocolError(f"the pump answered {reply!r}, which is no block for the host")
    if reduce(xor, block[:-1]) != block[-1]:
        raise ProtocolError(f"the pump answered {reply!r}, whose checksum is wrong")
    status = block[2]
    if status & 0xD0 != _ALWAYS:
        raise ProtocolError(f"the pump answered {reply!r}, whose status no manual knows")
    return Answer(bool(status & _READY), status & 0x0F, block[3:-2])


def parse_number(answer: Answer) -> int:
    """Return the number in an answer, such as the plunger's position; raises ProtocolError."""
    if _DIGITS.fullmatch(answer.data) is None:
        raise ProtocolError(f"the pump answered {answer.data!r} where a number was due")
    return int(answer.data)


def parse_version(answer: Answer) -> str:
    """Return the firmware; raises ProtocolError for the answer to any other question."""
    if _VERSION.fullmatch(answer.data) is None:
        raise ProtocolError(f"the pump answered {answer.data!r} where its version was due")
    return answer.data.decode("ascii").strip()
