"""Bytes of SCPI instruments: pure functions, no port.

SCPI-99, volume 1 (syntax and style) and volume 2 (commands); IEEE 488.2 for ``*IDN?`` and its
like. Lines of ASCII that end with LF; a question ends with ``?`` and is answered by one line,
anything else is not answered. Errors wait in a queue: ``SYST:ERR?`` tells the oldest one.
"""

import re

from labloop.errors import ProtocolError

END = b"\n"
IDENTITY, CLEAR, ERROR = "*IDN?", "*CLS", "SYST:ERR?"
NO_ERROR = 0

_LONGEST = 256
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_ERROR = re.compile(r'([+-]?\d{1,5}), *"([ -!#-~]{0,255})"')
_OUT_OF_RANGE = 9.9e36
"""Numbers from here on mean overflow or not a number (SCPI-99, volume 1, chapter 7.2.1)."""


def line(text: str) -> bytes:
    """Return the bytes of a command or a question."""
    return text.encode("ascii") + END


def line_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make one answer, 0 while none is complete."""
    return buffer.find(END) + 1


def text_of(reply: bytes) -> str:
    """Return an answer without its end; raises ProtocolError."""
    raw = reply.strip(b"\r\n ")
    if not raw or len(raw) > _LONGEST or min(raw) < 0x20 or max(raw) > 0x7E:
        raise ProtocolError(f"the instrument answered {reply!r}, which is no line of text")
    return raw.decode("ascii")


def parse_number(reply: bytes) -> float | None:
    """Return a number, None where it stands for overflow or nothing; raises ProtocolError."""
    text = text_of(reply)
    if _NUMBER.fullmatch(text) is None or len(text) > 30:
        raise ProtocolError(f"the instrument answered {reply!r} where a number was due")
    value = float(text)
    return value if abs(value) < _OUT_OF_RANGE else None


def parse_flag(reply: bytes) -> bool:
    """Return 0 or 1, ON or OFF; raises ProtocolError."""
    text = text_of(reply).upper()
    if text not in {"0", "1", "ON", "OFF"}:
        raise ProtocolError(f"the instrument answered {reply!r} where 0 or 1 was due")
    return text in {"1", "ON"}


def parse_error(reply: bytes) -> tuple[int, str]:
    """Return number and words of an error, (0, ...) for none; raises ProtocolError."""
    match = _ERROR.fullmatch(text_of(reply))
    if match is None:
        raise ProtocolError(f"the instrument answered {reply!r} where an error was due")
    return int(match[1]), match[2]


def parse_identity(reply: bytes) -> tuple[str, str, str, str]:
    """Return maker, model, serial number and firmware; raises ProtocolError."""
    fields = [field.strip() for field in text_of(reply).split(",")]
    if len(fields) != 4 or not all(fields) or _NUMBER.fullmatch(fields[0]):
        raise ProtocolError(f"the instrument answered {reply!r} where its identity was due")
    return fields[0], fields[1], fields[2], fields[3]
