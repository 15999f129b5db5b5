"""Bytes of the Hamilton Microlab 600 (protocol 1/RNO+): pure functions, no port.

Microlab 600 RS-232 communication manual, chapter 3, as the open driver of flowchem uses it: 9600
baud, 7O1; a letter (``a`` to ``p``) that auto-addressing (``1a``) gave to the instrument, commands,
CR. The answer is ACK or NAK, text, CR, and bears no letter. A broadcast (``:``) is not answered.
"""

import re

from labloop.errors import DeviceFaultError, ProtocolError

END, ACK, NAK = b"\r", 0x06, 0x15
STROKE = 48_000
"""Steps of a full syringe."""
SPEEDS = (2, 3692)
"""Seconds that a full stroke may take."""
LETTERS = "abcdefghijklmnop"

AUTO_ADDRESS = b"1a\r"
DONE, SYRINGE_ERROR, VALVE_ERROR = "F", "Z", "G"
POSITION, VALVE, FIRMWARE = "YQP", "LQP", "U"

_DIGITS = re.compile(r"\d{1,6}")
_FIRMWARE = re.compile(r"NV[ -~]{2,30}")
_ADDRESSED = re.compile(rb"1[a-q]\r")


def command(text: str, address: int) -> bytes:
    """Return the bytes of commands or a question; ``address`` counts from 1."""
    if address not in range(1, len(LETTERS) + 1):
        raise ProtocolError(f"an instrument's address is 1 to 16, got {address}")
    return f"{LETTERS[address - 1]}{text}".encode("ascii") + END


def answer_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make one answer, 0 while none is complete."""
    return buffer.find(END) + 1


def parse(reply: bytes, text: str = "") -> str:
    """Return the text of an answer to ``text``.

    Raises:
        DeviceFaultError: the instrument refused it (NAK).
        ProtocolError: no answer.
    """
    begin = max(reply.find(ACK), reply.find(NAK))
    body = reply[begin + 1 :].rstrip(END)
    if begin < 0 or not reply.endswith(END) or any(not 0x20 <= b < 0x7F for b in body):
        raise ProtocolError(f"the diluter answered {reply!r}, which has no ACK")
    if reply[begin] == NAK:
        raise DeviceFaultError(f"the diluter did not accept {text!r} (NAK)")
    return body.decode("ascii").strip()


def parse_flag(told: str) -> str:
    """Return ``Y``, ``N`` or ``*`` (busy); raises ProtocolError."""
    if told not in {"Y", "N", "*"}:
        raise ProtocolError(f"the diluter answered {told!r} where Y, N or * was due")
    return told


def parse_number(told: str) -> int:
    """Return the number in an answer, such as the plunger's position; raises ProtocolError."""
    if _DIGITS.fullmatch(told) is None:
        raise ProtocolError(f"the diluter answered {told!r} where a number was due")
    return int(told)


def parse_firmware(told: str) -> str:
    """Return the firmware; raises ProtocolError for the answer to any other question."""
    if _FIRMWARE.fullmatch(told) is None:
        raise ProtocolError(f"the diluter answered {told!r} where its firmware was due")
    return told


def is_addressed(reply: bytes) -> bool:
    """Return whether auto-addressing was answered."""
    return _ADDRESSED.search(reply) is not None
