"""Bytes of the Julabo circulators (RS-232, RS-485): pure functions, no port.

Magio MX manual, page 91; FL1201 manual, pages 25 and 26; SL-26 manual, page 82. A command
ends with CR, its parameter stands behind one blank; only ``in_`` commands, ``version`` and
``status`` are answered, by text and LF (some instruments CR LF); ``out_`` commands never
are. On RS-485 both ways begin with the address, ``A032_``.
"""

import re

from labloop.errors import ProtocolError

COMMAND_GAP = 0.25
"""Seconds that must pass after a command that is not answered (SL-26 manual, page 82)."""
ANSWER_GAP = 0.01
"""Seconds that must pass after an answer (the same page)."""
HIGHEST_ADDRESS = 127

STATUS, VERSION = "status", "version"
BATH, POWER, EXTERNAL, SAFETY = "in_pv_00", "in_pv_01", "in_pv_02", "in_pv_03"
SETPOINT, STARTED = "in_sp_00", "in_mode_05"
REMOTE = frozenset({2, 3})
"""Status numbers of an instrument that obeys the computer."""
RUNNING = frozenset({1, 3})
_STATES = {0: "MANUAL STOP", 1: "MANUAL START", 2: "REMOTE STOP", 3: "REMOTE START"}

_VALUE = re.compile(rb" *([+-]?\d{1,4}(?:\.\d{1,3})?) *")
_STATUS = re.compile(rb" *(-?\d{2}) +([A-Z0-9][A-Z0-9 \-]{2,60}?) *")
_LETTERS = re.compile(rb"[A-Za-z]")
_LONGEST = 80


def question(name: str, address: int | None = None) -> bytes:
    """Return the bytes that ask ``name``, for example ``in_pv_00``."""
    return f"{_prefix(address)}{name}\r".encode("ascii")


def set_temperature(celsius: float, address: int | None = None) -> bytes:
    """Return the command for the working temperature, which is not answered."""
    return f"{_prefix(address)}out_sp_00 {celsius:.2f}\r".encode("ascii")


def switch(on: bool, address: int | None = None) -> bytes:
    """Return the command that starts or stops the unit, which is not answered."""
    return f"{_prefix(address)}out_mode_05 {int(on)}\r".encode("ascii")


def _prefix(address: int | None) -> str:
    if address is None:
        return ""
    if not 0 <= address <= HIGHEST_ADDRESS:
        raise ProtocolError(f"a Julabo's address lies between 0 and 127, got {address}")
    return f"A{address:03d}_"


def line_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make one complete answer, 0 while none does."""
    return buffer.find(b"\n") + 1


def text_of(reply: bytes, address: int | None = None) -> bytes:
    """Return an answer without its end and address; raises ProtocolError."""
    text = reply.rstrip(b"\r\n")
    if not text or len(text) > _LONGEST or min(text) < 0x20 or max(text) > 0x7E:
        raise ProtocolError(f"the circulator answered {reply!r}, which is no line of text")
    if address is None:
        return text
    prefix = _prefix(address).encode("ascii")
    if not text.startswith(prefix):
        raise ProtocolError(f"asked circulator {address}, but {reply!r} bears another address")
    return text[len(prefix) :]


def parse_value(reply: bytes, address: int | None = None) -> float:
    """Return the number of an answer; raises ProtocolError."""
    match = _VALUE.fullmatch(text_of(reply, address))
    if match is None:
        raise ProtocolError(f"the circulator answered {reply!r} where a number was due")
    return float(match[1])


def parse_status(reply: bytes, address: int | None = None) -> tuple[int, str]:
    """Return number and words of a status message: negative ones are errors and warnings.

    Raises:
        ProtocolError: no status message, or a number and words that do not belong together.
    """
    match = _STATUS.fullmatch(text_of(reply, address))
    if match is None:
        raise ProtocolError(f"the circulator answered {reply!r} where a status was due")
    number, words = int(match[1]), match[2].decode("ascii")
    if match[1][:1] != b"-" and _STATES.get(number) != words:
        raise ProtocolError(f"the circulator answered {reply!r}, a status no manual knows")
    return number, words


def parse_version(reply: bytes, address: int | None = None) -> str:
    """Return what the instrument says of itself, model and version.

    Raises:
        ProtocolError: the answer to another question: a number, or a status.
    """
    text = text_of(reply, address)
    if _VALUE.fullmatch(text) or _STATUS.fullmatch(text) or len(_LETTERS.findall(text)) < 2:
        raise ProtocolError(f"the circulator answered {reply!r} where its version was due")
    return text.decode("ascii").strip()
