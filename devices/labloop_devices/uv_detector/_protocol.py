"""Bytes of the in-line UV detector: pure functions, no port.

The protocol is labloop's own (README of this package): every command and every answer is
a line ``text*HHHH CR LF`` with the CRC-16 of CCITT (start value 0) over the text in four
capital hex digits. A chromatogram is one header line, then a block whose length the
header gives: points of eight characters, sign and seven digits, in 0.001 mAU.
"""

import binascii
import re
from dataclasses import dataclass

import numpy as np

from labloop.errors import ProtocolError
from labloop.records import FloatArray

END = b"\r\n"
_TAIL = 7
"""Characters behind the text: star, four of checksum, CR, LF."""
WIDTH = 8
"""Characters of one point."""
MAX_POINTS = 20_000
_LONGEST = 96
_HEADER = re.compile(rb"DATA (\d{1,6}) (\d{1,5}) (\d{1,7}) (\d{1,7})")
_STATE = re.compile(rb"STATE (READY|SCANNING|FAULT) (\d{1,6}) (\d{1,7})")
_LAMP = re.compile(rb"LAMP (\d{1,3}\.\d{2})")
_IDENTITY = re.compile(rb"ID ([A-Z0-9\-]{1,20}) ([A-Z0-9\-]{1,20}) (\d{1,2}\.\d{1,2})")
_STARTED = re.compile(rb"OK SCAN (\d{1,6}) (\d{1,7})")
_ERROR = re.compile(rb"ERR (\d{1,2}) ([ -~]{1,60})")


@dataclass(frozen=True, slots=True)
class Chromatogram:
    """A scan as it came: number of the scan, minutes (n), absorbance in mAU (n)."""

    scan: int
    minutes: FloatArray
    absorbance: FloatArray


def line(text: str) -> bytes:
    """Return ``text`` as a line with its checksum."""
    raw = text.encode("ascii")
    return b"%b*%04X\r\n" % (raw, binascii.crc_hqx(raw, 0))


def line_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make one line, 0 while none is complete."""
    return buffer.find(END) + 2 if END in buffer else 0


def block_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make header line and block, 0 while incomplete.

    A first line that is no header (an error, say) is complete by itself.
    """
    end = line_length(buffer)
    if not end:
        return 0
    match = _HEADER.fullmatch(buffer[: end - _TAIL])
    count = int(match[2]) if match else 0
    if not 0 < count <= MAX_POINTS:
        return end
    total = end + count * WIDTH + _TAIL
    return total if len(buffer) >= total else 0


def text_of(reply: bytes) -> bytes:
    """Return the text of one line whose checksum is right; raises ProtocolError."""
    text = reply[:-_TAIL]
    if reply[-_TAIL:] != b"*%04X\r\n" % binascii.crc_hqx(text, 0):
        raise ProtocolError(f"the detector answered {reply[:_LONGEST]!r}, whose checksum is wrong")
    return text


def parse_error(text: bytes) -> str:
    """Return what an error answer says, with its number; empty for any other answer."""
    match = _ERROR.fullmatch(text)
    return f"{match[2].decode('ascii')} (error {int(match[1])})" if match else ""


def is_checksum_error(text: bytes) -> bool:
    """Return whether the detector says that the line it received was damaged."""
    return text.startswith(b"ERR 2 ")


def parse_state(text: bytes) -> tuple[str, int, float]:
    """Return state, number of the last finished scan, seconds until ready."""
    match = _match(_STATE, text, "a state")
    return match[1].decode("ascii"), int(match[2]), int(match[3]) / 1000.0


def parse_lamp(text: bytes) -> float:
    """Return the intensity of the lamp in per cent of a new one; raises ProtocolError."""
    return float(_match(_LAMP, text, "the lamp's intensity")[1])


def parse_identity(text: bytes) -> tuple[str, str, str]:
    """Return model, serial number and firmware; raises ProtocolError."""
    match = _match(_IDENTITY, text, "an identity")
    return match[1].decode("ascii"), match[2].decode("ascii"), match[3].decode("ascii")


def parse_started(text: bytes) -> tuple[int, float]:
    """Return the number of the scan that began and its duration in seconds."""
    match = _match(_STARTED, text, "the start of a scan")
    return int(match[1]), int(match[2]) / 1000.0


def parse_block(reply: bytes) -> Chromatogram:
    """Return the chromatogram of header line and block.

    Raises:
        ProtocolError: a wrong checksum, another number of points than the header says, or a
            point that is no number.
    """
    end = line_length(reply)
    match = _match(_HEADER, text_of(reply[:end]), "a chromatogram")
    scan, count, start, step = (int(group) for group in match.groups())
    block = reply[end:]
    if len(block) != count * WIDTH + _TAIL or not count:
        raise ProtocolError(
            f"the detector announced {count} points, but {len(block)} bytes came behind the header"
        )
    values = _points(text_of(block))
    minutes = (start + step * np.arange(count, dtype=np.float64)) / 60_000.0
    return Chromatogram(scan, minutes, values / 1000.0)


def _points(text: bytes) -> FloatArray:
    table = np.frombuffer(text, dtype=np.uint8).reshape(-1, WIDTH)
    digits = table[:, 1:].astype(np.int64) - ord("0")
    signs = np.where(table[:, 0] == ord("-"), -1.0, 1.0)
    if not (
        np.isin(table[:, 0], (ord("+"), ord("-"))).all() and ((digits >= 0) & (digits <= 9)).all()
    ):
        raise ProtocolError("the detector sent a point that is no number of sign and seven digits")
    values: FloatArray = signs * (digits @ (10.0 ** np.arange(WIDTH - 2, -1, -1)))
    return values


def _match(pattern: re.Pattern[bytes], text: bytes, what: str) -> re.Match[bytes]:
    match = pattern.fullmatch(text)
    if match is None:
        raise ProtocolError(f"the detector answered {text[:_LONGEST]!r} where {what} was due")
    return match
