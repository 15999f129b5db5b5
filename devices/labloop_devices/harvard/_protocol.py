"""Bytes of Harvard Apparatus pumps (pump chain commands): pure functions, no port.

PHD ULTRA user's manual (5419-002), pages 83 to 88. A command ends with CR LF; where the pump's
address is not 0, its one or two digits and a colon stand before it. Each answer begins with LF,
may have lines of text, and ends with a prompt that nothing ends: ``:`` idle, ``>`` infusing,
``<`` withdrawing, ``*`` stalled, ``T*`` target reached. On a pump with an address two digits of
it stand before the prompt, and address and prompt before each line.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from labloop.errors import DeviceFaultError, LimitError, ProtocolError

END = b"\r\n"
VERSION_LINES = 3
"""Lines of the answer to ``version``."""

_PROMPT = rb"(?:\d\d)?(T\*|[:<>*])"
_LINE = re.compile(r"(?:(\d\d)(?:T\*|[:<>*]))?(.*)")
_ERRORS = ("Command error", "Unknown command", "Argument error", "Out of range")
_ERROR = re.compile(rb"Command error|Unknown command|Argument error|Out of range")
_RATE = re.compile(r"(\d{1,7}(?:\.\d{1,7})?) ([munp]?l)/(s|min|hr|h)")
_VOLUME = re.compile(r"(\d{1,7}(?:\.\d{1,7})?) ([munp]?l)")
_SERIAL = re.compile(r"Serial number: *([!-~]{1,30})")
_MILLILITRES = {"l": 1e3, "ml": 1.0, "ul": 1e-3, "nl": 1e-6, "pl": 1e-9}
_PER_MINUTE = {"s": 60.0, "min": 1.0, "hr": 1.0 / 60.0, "h": 1.0 / 60.0}
RUNNING = frozenset("<>")


class Answer(NamedTuple):
    """The prompt of an answer and its lines of text."""

    prompt: str
    lines: tuple[str, ...]


def command(text: str, address: int = 0) -> bytes:
    """Return the bytes of a command or a question."""
    return (f"{address}:{text}" if address else text).encode("ascii") + END


@lru_cache(maxsize=16)
def answer_length(lines: int) -> Callable[[bytes], int]:
    """Return what says how long an answer with so many lines of text is, 0 while it goes on.

    A complaint, which may have fewer lines, is complete at its prompt.
    """
    line = rb"[^\r\n]*\r\n"
    whole = re.compile(rb"[^\n]*\n(?:" + line + rb"){%d}" % lines + _PROMPT)
    complaint = re.compile(rb"[^\n]*\n(?:" + line + rb"){1,2}" + _PROMPT)

    def complete(buffer: bytes) -> int:
        match = whole.match(buffer)
        if match is None and _ERROR.search(buffer):
            match = complaint.match(buffer)
        return match.end() if match else 0

    return complete


def version_end(address: int = 0) -> Callable[[bytes], int]:
    """Return what says where the answer to ``version`` ends, whatever stands before it."""
    own = b"%02d" % address if address else b""
    head = b"\n(?:" + own + rb"(?:T\*|[:<>*]))?"
    block = re.compile(
        head
        + rb"Firmware[^\r\n]{0,60}\r\n[^\r\n]{0,60}\r\n"
        + rb"[^\r\n]{0,6}Serial number:[^\r\n]{0,40}\r\n"
        + own
        + rb"(?:T\*|[:<>*])"
    )

    def answered(buffer: bytes) -> int:
        match = block.search(buffer)
        return match.end() if match else 0

    return answered


def parse(reply: bytes, address: int = 0) -> Answer:
    """Return prompt and lines of an answer.

    Raises:
        LimitError: the pump finds a value out of range.
        DeviceFaultError: the pump does not know a command, or not so.
        ProtocolError: no answer, or one of another pump.
    """
    if not reply or max(reply) > 0x7E or min(reply) < 0x0A:
        raise ProtocolError(f"the pump answered {reply!r}, which is no text")
    rows = reply.decode("ascii").partition("\n")[2].split("\r\n")
    match = re.fullmatch(r"(\d\d)?(T\*|[:<>*])", rows[-1])
    if match is None:
        raise ProtocolError(f"the pump answered {reply!r}, which ends with no prompt")
    told = [_LINE.fullmatch(row) for row in rows[:-1]]
    if None in told or int(match[1] or 0) != address:
        raise ProtocolError(f"asked pump {address}, but {reply!r} is no answer of it")
    lines = tuple(row[2].strip() for row in told if row is not None)
    complaint = " ".join(line for line in lines if line)
    if any(error in complaint for error in _ERRORS):
        if "range" in complaint:
            raise LimitError(f"the pump refused: {complaint}")
        raise DeviceFaultError(f"the pump refused: {complaint}")
    return Answer(match[2], lines)


def _only(answer: Answer) -> str:
    if len(answer.lines) != 1:
        raise ProtocolError(f"the pump answered {answer.lines!r} where one line was due")
    return answer.lines[0]


def parse_rate(answer: Answer) -> float:
    """Return a rate in mL/min; raises ProtocolError."""
    match = _RATE.fullmatch(_only(answer))
    if match is None:
        raise ProtocolError(f"the pump answered {answer.lines!r} where a rate was due")
    return float(match[1]) * _MILLILITRES[match[2]] * _PER_MINUTE[match[3]]


def parse_volume(answer: Answer) -> float:
    """Return a volume in mL; raises ProtocolError."""
    match = _VOLUME.fullmatch(_only(answer))
    if match is None:
        raise ProtocolError(f"the pump answered {answer.lines!r} where a volume was due")
    return float(match[1]) * _MILLILITRES[match[2]]


def parse_diameter(answer: Answer) -> float:
    """Return a diameter in mm; raises ProtocolError."""
    text = _only(answer)
    if re.fullmatch(r"\d{1,3}(?:\.\d{1,5})? mm", text) is None:
        raise ProtocolError(f"the pump answered {answer.lines!r} where a diameter was due")
    return float(text.removesuffix(" mm"))


def parse_version(answer: Answer) -> tuple[str, str]:
    """Return firmware and serial number; raises ProtocolError for any other answer."""
    match = _SERIAL.search("\n".join(answer.lines))
    if match is None or not answer.lines[0].startswith("Firmware"):
        raise ProtocolError(f"the pump answered {answer.lines!r} where its version was due")
    return answer.lines[0].partition(":")[2].strip(), match[1]
