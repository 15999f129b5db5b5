"""Bytes of the arm's line protocol: pure functions, no port.

``*0007 ASP DMAc 436.3 ~9C1E`` CR LF is command 7; ``?SEQ 0007 ~....`` asks what became of
it; answers begin with ``#``. The README beside this file documents every byte.
"""

import binascii
import re
from dataclasses import dataclass

from labloop.errors import ProtocolError

END = b"\r\n"
LONGEST = 120
LAST_SEQUENCE = 9999
DAMAGED = "E01"
"""The arm received a frame whose checksum is wrong: it may be sent again."""
_SLOT = re.compile(r"[A-Za-z0-9_.()+\-]{1,24}")
_FRAME = re.compile(rb"#([!-}][ -}]*) ~([0-9A-F]{4})\r\n")

REASONS = {
    "E01": "the frame arrived damaged",
    "E02": "the command is not known",
    "E03": "an argument cannot be read",
    "E05": "the sequence number belongs to another command",
    "E10": "the arm is not homed",
    "E11": "the arm is busy",
    "E20": "the target is out of reach",
    "E21": "the way there would collide",
    "E22": "there is no such slot",
    "E23": "the slot is occupied",
    "E24": "there is no vessel in the slot",
    "E30": "there is no tip on the arm",
    "E31": "there is a tip on the arm already",
    "E32": "the tip rack is empty",
    "E33": "the volume does not fit into the tip",
    "E34": "the well does not hold that volume",
    "E35": "the vessel would overflow",
    "E36": "the tip does not hold that volume",
    "E37": "the tip still holds liquid",
    "E38": "there is no fresh vial left",
    "E40": "the motion was stopped",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: what it is about and its words."""

    kind: str
    words: tuple[str, ...]

    def word(self, index: int) -> str:
        """Return one word; raises ProtocolError where the answer is too short."""
        if index >= len(self.words):
            raise ProtocolError(f"the arm's answer {self} is too short")
        return self.words[index]


@dataclass(frozen=True, slots=True)
class Status:
    """What the arm says of itself."""

    state: str
    """``IDLE``, ``BUSY`` or ``UNHOMED``."""
    position: str
    """Name of the slot that it stands at, ``-`` in between."""
    tip: bool
    volume: float
    """Microlitres in the tip, as the arm counts them."""
    tips_left: int
    vials_left: int


def checksum(text: bytes) -> bytes:
    """Return CRC-16 CCITT (start FFFF) of ``text`` as four hex digits."""
    return b"%04X" % binascii.crc_hqx(text, 0xFFFF)


def frame(text: str) -> bytes:
    """Return ``text`` as a frame: blank, ``~``, checksum, CR LF behind it."""
    raw = text.encode("ascii")
    made = raw + b" ~" + checksum(raw) + END
    if len(made) > LONGEST:
        raise ProtocolError(f"a frame has at most {LONGEST} bytes, {text!r} is longer")
    return made


def command(sequence: int, verb: str, *args: str) -> bytes:
    """Return the frame of command ``sequence`` (1 to 9999)."""
    if not 1 <= sequence <= LAST_SEQUENCE:
        raise ProtocolError(f"sequence numbers run from 1 to {LAST_SEQUENCE}, got {sequence}")
    return frame(" ".join((f"*{sequence:04d} {verb}", *args)))


def query(verb: str, *args: str) -> bytes:
    """Return the frame of a question; it has no sequence number and changes nothing."""
    return frame(" ".join((f"?{verb}", *args)))


BUSY = ("NAK", "E11")
"""Refused for now: an earlier motion is not over."""
STOP = frame("!STOP")
"""Ends any motion at once; answered also while the arm is busy."""


def slot(name: str) -> str:
    """Return ``name`` where it can be a slot's name.

    Raises:
        ProtocolError: empty, longer than 24 characters, or with a blank or ``~``.
    """
    if _SLOT.fullmatch(name) is None:
        raise ProtocolError(
            f"a slot's name has 1 to 24 letters, digits or _.()+-, got {name!r}; "
            "take the name from the deck"
        )
    return name


def next_sequence(last: int) -> int:
    """Return the number after ``last``; 9999 is followed by 1."""
    return last % LAST_SEQUENCE + 1


def line_length(buffer: bytes) -> int:
    """Return how many bytes of ``buffer`` make one complete line, 0 while none does."""
    return buffer.find(b"\n") + 1


def parse(reply: bytes) -> Answer:
    """Return the answer in a line; raises ProtocolError for anything else."""
    start = reply.rfind(b"#")
    match = _FRAME.fullmatch(reply[start:]) if start >= 0 else None
    if match is None:
        raise ProtocolError(f"the arm answered {reply!r}, which is no frame")
    if checksum(b"#" + match[1]) != match[2]:
        raise ProtocolError(f"the arm's answer {reply!r} has a wrong checksum")
    kind, *words = match[1].decode("ascii").split()
    return Answer(kind, tuple(words))


def parse_for(reply: bytes, kind: str) -> Answer:
    """Return the answer where it is about ``kind``; raises ProtocolError otherwise."""
    answer = parse(reply)
    if answer.kind != kind:
        raise ProtocolError(f"the arm answered {reply!r}, asked was about {kind!r}")
    return answer


def parse_status(reply: bytes) -> Status:
    """Return what ``?STATUS`` told; raises ProtocolError."""
    answer = parse_for(reply, "STATUS")
    try:
        state, position, tip, volume, tips, vials = answer.words
        has_tip = {"0": False, "1": True}[tip]
        return Status(state, position, has_tip, float(volume), int(tips), int(vials))
    except (ValueError, KeyError):
        raise ProtocolError(f"the arm's status {reply!r} cannot be read") from None


def number(word: str, what: str) -> int:
    """Return a whole number of the arm's answer; raises ProtocolError."""
    if not (word.isascii() and word.isdigit()):
        raise ProtocolError(f"the arm gave {word!r} as {what}, a whole number was due")
    return int(word)


def reason(code: str) -> str:
    """Return an error code with its meaning in words."""
    return f"{code}: {REASONS.get(code, 'a code that the README does not list')}"
