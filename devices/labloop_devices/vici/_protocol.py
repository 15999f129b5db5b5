"""Bytes of VICI universal actuators: pure functions, no port.

EUT/EUD/EUH manual, pages 14 to 19. Commands end with CR, answers, too; an optional identifier
(one of 0-9, A-Z) stands before a command. How much is answered to actions is a setting (``IFM``),
so the driver makes it: nothing, and the position is asked for.
"""

import re

from labloop.errors import ProtocolError

END = b"\r"
IDENTIFIERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
QUIET, SHORT = "IFM0", "LG0"
POSITION, POSITIONS, MODE, COUNT, VERSION = "CP", "NP", "AM", "CNT", "VR"

_LONGEST = 120
_NUMBER = re.compile(r"(CP|NP|AM|CNT) *=? *(\d{1,5})")
_LETTER = re.compile(r"CP *=? *([AB])")
_VERSION = re.compile(r"(?!CP|NP|AM\d|CNT)(?=.*[A-Za-z])[ -~]{2,100}")


def command(text: str, identifier: str = "") -> bytes:
    """Return the bytes of a command or a question."""
    return f"{identifier}{text}".encode("ascii") + END


def line_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make one answer, 0 while none is complete."""
    return buffer.find(END) + 1


def text_of(reply: bytes, identifier: str = "") -> str:
    """Return an answer without its end and the actuator's identifier; raises ProtocolError."""
    raw = reply.strip(b"\r\n ")
    if not raw or len(raw) > _LONGEST or min(raw) < 0x20 or max(raw) > 0x7E:
        raise ProtocolError(f"the valve answered {reply!r}, which is no line of text")
    text = raw.decode("ascii")
    if text.endswith("Bad command"):
        raise ProtocolError(f"the valve did not understand a command: {text!r}")
    return text.removeprefix(identifier).strip()


def parse_number(reply: bytes, question: str, identifier: str = "") -> int:
    """Return the number in the answer to ``question``; raises ProtocolError."""
    match = _NUMBER.fullmatch(text_of(reply, identifier))
    if match is None or match[1] != question:
        raise ProtocolError(f"the valve answered {reply!r} to {question}")
    return int(match[2])


def parse_position(reply: bytes, identifier: str = "") -> int:
    """Return where the valve stands; A and B are 1 and 2. Raises ProtocolError."""
    match = _LETTER.fullmatch(text_of(reply, identifier))
    return " AB".index(match[1]) if match else parse_number(reply, POSITION, identifier)


def parse_version(reply: bytes, identifier: str = "") -> str:
    """Return the firmware; raises ProtocolError for the answer to any other question."""
    text = text_of(reply, identifier)
    if _VERSION.fullmatch(text) is None:
        raise ProtocolError(f"the valve answered {reply!r} where its version was due")
    return text.removeprefix("VR").lstrip(" =")
