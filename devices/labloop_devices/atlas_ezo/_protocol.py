"""Bytes of Atlas Scientific EZO circuits (UART): pure functions, no port.

EZO-pH datasheet V 5.8, pages 18 to 34. Commands and answers end with CR. ``*OK`` or ``*ER`` tells
whether a command was carried out; it comes before or after the datum, depending on the circuit.
What begins with another ``*`` is said unasked: ``*OV`` overvoltage, ``*UV`` undervoltage, ``*RS``
reset, ``*RE`` ready, ``*SL`` asleep, ``*WA`` awake. A circuit in continuous mode says a reading
each second.
"""

import re
from collections.abc import Callable

from labloop.errors import DeviceFaultError, ProtocolError

END = b"\r"
READ, IDENTITY, STATUS, TEMPERATURE = "R", "i", "Status", "T,?"
QUIET = "C,0"

UNITS = {
    "pH": "1",
    "EC": "uS/cm",
    "ORP": "mV",
    "DO": "mg/L",
    "RTD": "degC",
}
"""Kind of circuit, as it tells it itself -> unit of its reading."""

_LINE = re.compile(rb"([^\r]*)\r")
_NUMBER = re.compile(r"-?\d{1,7}(?:\.\d{1,4})?")
_IDENTITY = re.compile(r"\?[iI],([A-Za-z0-9.]{1,10}),([0-9.]{1,8})")
_STATUS = re.compile(r"\?S(?:TATUS|tatus),([PSBWU]),(\d{1,2}\.\d{1,4})")
_TEMPERATURE = re.compile(r"\?T,(-?\d{1,3}(?:\.\d{1,4})?)")
_RESTARTS = {"P": "power on", "S": "software reset", "B": "brown out", "W": "watchdog"}
_UNASKED = frozenset((b"*OV", b"*UV", b"*RS", b"*RE", b"*SL", b"*WA", b"*DONE"))


def command(text: str) -> bytes:
    """Return the bytes of a command or a question."""
    return text.encode("ascii") + END


def answer_length(datum: bool) -> Callable[[bytes], int]:
    """Return what says how long an answer is, 0 while it goes on.

    Args:
        datum: whether a datum belongs to it, beside ``*OK``.
    """

    def complete(buffer: bytes) -> int:
        told = done = False
        for match in _LINE.finditer(buffer):
            line = match[1].strip(b"\n ")
            if line == b"*ER":
                return match.end()
            done = done or line == b"*OK"
            told = told or (bool(line) and line[:1] != b"*")
            if done and (told or not datum):
                return match.end()
        return 0

    return complete


def parse(reply: bytes, what: str) -> str:
    """Return the datum of an answer to ``what``, empty where there is none.

    Raises:
        DeviceFaultError: the circuit did not carry it out, or its voltage is wrong.
        ProtocolError: no answer.
    """
    if len(reply) > 200 or any(
        byte > 0x7E or (byte < 0x20 and byte not in b"\r\n") for byte in reply
    ):
        raise ProtocolError(f"the circuit answered {reply!r}, which is no text")
    lines = [line.strip(b"\n ") for line in reply.split(END)]
    for code, words in ((b"*OV", "too high"), (b"*UV", "too low")):
        if code in lines:
            raise DeviceFaultError(f"the circuit reports that its voltage is {words}")
    if b"*ER" in lines:
        raise DeviceFaultError(f"the circuit did not carry out {what!r} (*ER)")
    if b"*OK" not in lines:
        raise ProtocolError(f"the circuit answered {reply!r} to {what!r}, without *OK")
    data = [line for line in lines if line and line[:1] != b"*"]
    if any(line[:1] == b"*" and line != b"*OK" and line not in _UNASKED for line in lines):
        raise ProtocolError(f"the circuit answered {reply!r} to {what!r}")
    # One in continuous mode may have said a reading just before.
    return data[-1].decode("ascii") if data else ""


def parse_number(datum: str) -> float:
    """Return a reading; of several, with commas, the first one. Raises ProtocolError."""
    first = datum.split(",", maxsplit=1)[0].strip()
    if _NUMBER.fullmatch(first) is None:
        raise ProtocolError(f"the circuit answered {datum!r} where a number was due")
    return float(first)


def parse_identity(datum: str) -> tuple[str, str]:
    """Return kind and firmware; raises ProtocolError for the answer to any other question."""
    match = _IDENTITY.fullmatch(datum)
    if match is None:
        raise ProtocolError(f"the circuit answered {datum!r} where its identity was due")
    return match[1], match[2]


def parse_status(datum: str) -> tuple[str, float]:
    """Return why it last started, in words, and its voltage in V; raises ProtocolError."""
    match = _STATUS.fullmatch(datum)
    if match is None:
        raise ProtocolError(f"the circuit answered {datum!r} where its status was due")
    return _RESTARTS.get(match[1], "unknown"), float(match[2])


def parse_temperature(datum: str) -> float:
    """Return the temperature that is compensated for, in degC; raises ProtocolError."""
    match = _TEMPERATURE.fullmatch(datum)
    if match is None:
        raise ProtocolError(f"the circuit answered {datum!r} where a temperature was due")
    return float(match[1])
