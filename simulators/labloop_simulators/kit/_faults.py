"""What can go wrong on a line and in a device, planned by a test."""

from dataclasses import dataclass
from typing import Literal

FaultKind = Literal[
    "drop",
    "garble",
    "half",
    "delay",
    "duplicate",
    "unsolicited",
    "unplug",
    "power_cycle",
    "wrong_serial",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong once.

    ``drop``, ``garble``, ``half``, ``delay`` and ``duplicate`` spoil the answer to a frame;
    ``unsolicited`` puts ``data`` before it; ``unplug`` and ``power_cycle`` swallow the frame;
    ``wrong_serial`` lets the device answer with the serial number ``data`` from then on.
    """

    kind: FaultKind
    at: int | float
    """An int is the n-th frame that the device receives (1, 2, ...), a float a lab second."""
    seconds: float = 5.0
    """How much later a delayed answer comes; what is asked meanwhile is answered after it."""
    data: bytes = b"WRONG"

    def due(self, count: int, now: float) -> bool:
        """Return whether the fault strikes the ``count``-th frame, received at ``now``."""
        return count >= self.at if isinstance(self.at, int) else now >= self.at


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
