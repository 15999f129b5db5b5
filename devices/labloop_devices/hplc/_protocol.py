"""Bytes of the HPLC's protocol: pure functions, no port.

``$INJ,0018,tray_1,1.0*5B1C`` CR LF asks for run 18; answers begin with ``@``. The README
beside this file documents every byte.
"""

import binascii
import re
from dataclasses import dataclass

from labloop.errors import ProtocolError

END = b"\r\n"
BLOCK = 60
"""Points of the largest block that one answer carries."""
LAST_RUN = 9999
DAMAGED = "E01"
_INTEGER = re.compile(r"\d{1,6}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,6}(?:\.\d{1,3})?", re.ASCII)
_HEX = re.compile(r"[0-9A-F]*")
_POSITION = re.compile(r"[A-Za-z0-9_.\-]{1,24}")
_FRAME = re.compile(rb"@([A-Z]{2,4})((?:,[^,*\x00-\x1f\x7f-\xff]*)*)\*([0-9A-F]{4})\r\n")
_PICO_AU_PER_MAU = 1e9
_DIGITS = 12
"""Hex digits of one point."""

REASONS = {
    "E01": "the frame arrived damaged",
    "E02": "the command is not known",
    "E03": "an argument cannot be read",
    "E10": "a run is going on",
    "E11": "the run's number is not the next one",
    "E12": "there is no such position in the tray",
    "E13": "the position is empty or holds less than asked for",
    "E14": "there is no finished run of that number",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its kind and its fields."""

    kind: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """What the instrument says of itself."""

    state: str
    """``READY`` or ``RUN``."""
    run: int
    """Number of the latest run, 0 before the first."""
    seconds_left: float


def checksum(text: bytes) -> bytes:
    """Return CRC-16 CCITT (start 0, as XMODEM has it) of ``text`` as four hex digits."""
    return b"%04X" % binascii.crc_hqx(text, 0)


def frame(*fields: str) -> bytes:
    """Return a request: ``$``, fields with commas, ``*``, checksum, CR LF."""
    body = ",".join(fields).encode("ascii")
    return b"$" + body + b"*" + checksum(body) + END


def position(name: str) -> str:
    """Return ``name`` where it can be a tray position; raises ProtocolError."""
    if _POSITION.fullmatch(name) is None:
        raise ProtocolError(
            f"a tray position has 1 to 24 letters, digits or _.-, got {name!r}; "
            "take the name from the tray"
        )
    return name


def inject(run: int, where: str, microlitres: float) -> bytes:
    """Return the request for run ``run``: inject from a position and record."""
    return frame("INJ", f"{run:04d}", position(where), f"{microlitres:.1f}")


def fetch(run: int, offset: int, count: int) -> bytes:
    """Return the request for ``count`` points of run ``run`` from ``offset`` on."""
    return frame("FET", f"{run:04d}", str(offset), str(count))


def next_run(last: int) -> int:
    """Return the number after ``last``; 9999 is followed by 1."""
    return last % LAST_RUN + 1


def line_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make one complete line, 0 while none does."""
    return buffer.find(b"\n") + 1


def parse(reply: bytes) -> Answer:
    """Return the answer in a line; raises ProtocolError for anything else."""
    start = reply.rfind(b"@")
    match = _FRAME.fullmatch(reply[start:]) if start >= 0 else None
    if match is None:
        raise ProtocolError(f"the HPLC answered {_short(reply)}, which is no frame")
    if checksum(match[1] + match[2]) != match[3]:
        raise ProtocolError(f"the HPLC's answer {_short(reply)} has a wrong checksum")
    return Answer(match[1].decode(), tuple(match[2].decode().split(",")[1:]))


def parse_identity(answer: Answer) -> tuple[str, str, str]:
    """Return model, serial number and firmware; raises ProtocolError."""
    if answer.kind != "ID" or len(answer.fields) != 3:
        raise ProtocolError(f"the HPLC answered {answer} when asked who it is")
    model, serial, firmware = answer.fields
    return model, serial, firmware


def parse_status(answer: Answer) -> Status:
    """Return what ``STA`` told; raises ProtocolError."""
    if answer.kind == "STA" and len(answer.fields) == 3:
        state, run, left = answer.fields
        if state in {"READY", "RUN"} and _INTEGER.fullmatch(run) and _DECIMAL.fullmatch(left):
            return Status(state, int(run), float(left))
    raise ProtocolError(f"the HPLC's status {answer} cannot be read")


def parse_started(answer: Answer, run: int) -> float:
    """Return the seconds that an accepted run ``run`` still takes; raises ProtocolError."""
    if answer.kind == "OK" and len(answer.fields) == 2:
        number, left = answer.fields
        if number == f"{run:04d}" and _DECIMAL.fullmatch(left):
            return float(left)
    raise ProtocolError(f"the HPLC's answer {answer} does not accept run {run}")


def parse_size(answer: Answer, run: int) -> tuple[int, float]:
    """Return number of points and seconds between them of a finished run ``run``."""
    if answer.kind == "INF" and len(answer.fields) == 3:
        number, points, step = answer.fields
        if number == f"{run:04d}" and _INTEGER.fullmatch(points) and _DECIMAL.fullmatch(step):
            return int(points), float(step)
    raise ProtocolError(f"the HPLC's answer {answer} says no size of run {run}")


def parse_block(answer: Answer, run: int, offset: int, count: int) -> list[float]:
    """Return the ``count`` absorbances in mAU that a block carries.

    Each is twelve hex digits, a signed 48-bit number of pico absorbance units.

    Raises:
        ProtocolError: another block, or not the digits that were due.
    """
    head = (f"{run:04d}", str(offset), str(count))
    digits = answer.fields[3] if len(answer.fields) == 4 else ""
    if answer.kind != "DAT" or answer.fields[:3] != head or len(digits) != _DIGITS * count:
        raise ProtocolError(f"the HPLC sent block {answer.fields[:3]}, asked was {head}")
    if _HEX.fullmatch(digits) is None:
        raise ProtocolError(f"block {head} of the HPLC is not hexadecimal")
    raw = bytes.fromhex(digits)
    return [
        int.from_bytes(raw[i : i + 6], "big", signed=True) / _PICO_AU_PER_MAU
        for i in range(0, len(raw), 6)
    ]


def reason(code: str) -> str:
    """Return an error code with its meaning in words."""
    return f"{code}: {REASONS.get(code, 'a code that the README does not list')}"


def _short(reply: bytes) -> str:
    return repr(reply if len(reply) <= 60 else reply[:60] + b"...")
