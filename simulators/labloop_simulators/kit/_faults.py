"""Every kind of fault: how it is written and planned, and what it makes of an answer."""

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

from labloop.errors import DefinitionError

FaultKind = Literal[
    "drop",
    "garble",
    "half",
    "delay",
    "duplicate",
    "unsolicited",
    "busy",
    "stall",
    "unplug",
    "power_cycle",
    "wrong_serial",
]
BY_ITSELF = frozenset({"unsolicited", "stall", "unplug", "power_cycle"})
"""What happens at its second also where nobody asks anything."""
_TEXT = re.compile(r"([a-z_]+)@(\d+)(?:(\.\d+)?(s))?(?::(.*))?", re.DOTALL)
_TIMED = frozenset({"delay", "stall", "unplug"})
_TOLD = frozenset({"unsolicited", "wrong_serial"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong once.

    ``drop``, ``garble``, ``half``, ``delay`` and ``duplicate`` spoil the answer to a frame;
    ``unsolicited`` puts ``data`` before it; ``busy`` lets the device answer as one that is
    busy does, and the frame is not carried out; ``stall`` blocks what moves in it (where
    nothing moves, it hears and says nothing for ``seconds``); ``unplug`` and ``power_cycle``
    swallow the frame; ``wrong_serial`` lets the device answer with the serial number ``data``
    from then on.
    """

    kind: FaultKind
    at: int | float
    """An int is the n-th frame that the device receives (1, 2, ...), a float a lab second."""
    seconds: float = 5.0
    """How much later a delayed answer comes; what is asked meanwhile is answered after it."""
    data: bytes = b"WRONG"
    back: float = math.inf
    """Seconds after which a pulled cable is put back by whoever serves the emulator."""

    def due(self, count: int, now: float) -> bool:
        """Return whether the fault strikes the ``count``-th frame, received at ``now``."""
        return count >= self.at if isinstance(self.at, int) else now >= self.at

    @classmethod
    def parse(cls, text: str) -> "Fault":
        r"""Return the fault that is written ``kind@when`` or ``kind@when:more``.

        ``when`` is the number of a frame (``3``) or a time (``30s``, ``2.5s``); ``more`` the
        seconds of ``delay``, ``stall`` and ``unplug`` (until the cable is back), or the text of
        ``unsolicited`` (``\r``, ``\n`` and ``\x02`` are understood) and ``wrong_serial``.

        Raises:
            DefinitionError: it cannot be read so.
        """
        match = _TEXT.fullmatch(text)
        kinds: dict[str, FaultKind] = {each: each for each in get_args(FaultKind)}
        if match is None or match[1] not in kinds:
            raise DefinitionError(
                f"the fault {text!r} is not written as kind@frame or kind@seconds, such as drop@3 "
                f"or unplug@30s:5; kinds are {', '.join(kinds)}"
            )
        kind, more = kinds[match[1]], match[5]
        at: int | float = float(match[2] + (match[3] or "")) if match[4] else int(match[2])
        if more is None:
            return cls(kind, at)
        if kind in _TOLD:
            return cls(kind, at, data=unescaped(more))
        try:
            seconds = float(more)
        except ValueError:
            seconds = -1.0
        if kind not in _TIMED or not 0.0 <= seconds < math.inf:
            raise DefinitionError(
                f"the fault {text!r}: behind the colon stand seconds for delay, stall and unplug, "
                "a text for unsolicited and wrong_serial, and nothing for others"
            )
        return cls(kind, at, back=seconds) if kind == "unplug" else cls(kind, at, seconds=seconds)


def unescaped(text: str) -> bytes:
    r"""Return the bytes of a text in which ``\r``, ``\n`` and ``\x02`` are understood."""
    return text.encode("latin-1", "replace").decode("unicode_escape").encode("latin-1", "replace")


class FaultPlan:
    """The faults still to come, each of which strikes once."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self.waiting)

    def add(self, fault: Fault) -> None:
        """Plan a fault."""
        self.waiting.append(fault)

    def take(self, count: int, now: float) -> list[Fault]:
        """Return and forget the faults that strike this frame."""
        due = [fault for fault in self.waiting if fault.due(count, now)]
        self.waiting = [fault for fault in self.waiting if fault not in due]
        return due

    def take_by_itself(self, now: float) -> list[Fault]:
        """Return and forget what happens at its second without any frame."""
        due = [
            fault
            for fault in self.waiting
            if fault.kind in BY_ITSELF and isinstance(fault.at, float) and now >= fault.at
        ]
        self.waiting = [fault for fault in self.waiting if fault not in due]
        return due


def spoil(faults: list[Fault], data: bytes) -> list[tuple[float, bytes]]:
    """Return what becomes of an answer: (seconds that it is late, bytes) in order of sending."""
    sent = [(0.0, data)]
    for fault in faults:
        if fault.kind == "drop":
            sent = []
        elif fault.kind == "garble":
            sent = [(after, _garbled(part)) for after, part in sent]
        elif fault.kind == "half":
            sent = [(after, part[: len(part) // 2]) for after, part in sent]
        elif fault.kind == "delay":
            sent = [(after + fault.seconds, part) for after, part in sent]
        elif fault.kind == "duplicate":
            sent = [*sent, *sent]
        elif fault.kind == "unsolicited":
            sent = [(0.0, fault.data), *sent]
    return sent


def _garbled(data: bytes) -> bytes:
    """Return ``data`` with the lowest bit of its middle byte flipped."""
    middle = len(data) // 2
    return (
        data[:middle] + bytes(byte ^ 1 for byte in data[middle : middle + 1]) + data[middle + 1 :]
    )
