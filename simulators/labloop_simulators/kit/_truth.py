"""What physically happened in a simulated lab, as deterministic text."""

import hashlib
from collections import deque
from dataclasses import dataclass, field

FRAMES_KEPT = 200_000
"""Older frames stay in the digest only: a week of reading four devices would fill a gigabyte."""
_FOLDED_AT_ONCE = 256
"""Frames hashed in one go, in well under a millisecond: the lab's loop waits meanwhile."""


@dataclass(frozen=True, slots=True)
class TruthEvent:
    """One thing that physically happened."""

    sequence: int
    time: float
    """Lab seconds."""
    device: str
    event: str
    values: tuple[tuple[str, object], ...] = ()

    def line(self) -> str:
        """Return the event as one line of text."""
        told = " ".join(f"{name}={_text(value)}" for name, value in self.values)
        return f"{self.time:.6f} {self.sequence} {self.device} {self.event} {told}".rstrip()


@dataclass(frozen=True, slots=True)
class TruthFrame:
    """Bytes that a device received (``>``) or sent (``<``)."""

    sequence: int
    time: float
    """Lab seconds."""
    device: str
    direction: str
    data: bytes

    def line(self) -> str:
        """Return the frame as one line of text."""
        return _line(self.sequence, self.time, self.device, self.direction, self.data)


@dataclass(slots=True)
class TruthLog:
    """The oracle of the tests: events and frames in the order in which they happened."""

    events: list[TruthEvent] = field(default_factory=list)
    _frames: deque[tuple[int, float, str, str, bytes]] = field(default_factory=deque)
    _folded: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _sequence: int = 0

    def record(self, now: float, device: str, event: str, **values: object) -> None:
        """Note that ``event`` happened to ``device`` at lab second ``now``."""
        self._sequence += 1
        self.events.append(TruthEvent(self._sequence, now, device, event, tuple(values.items())))

    def frame(self, now: float, device: str, direction: str, data: bytes) -> None:
        """Note bytes that ``device`` received (``>``) or sent (``<``)."""
        self._sequence += 1
        # A plain tuple: this runs twice in each round trip.
        self._frames.append((self._sequence, now, device, direction, data))
        if len(self._frames) >= FRAMES_KEPT + _FOLDED_AT_ONCE:
            self._fold()

    @property
    def frames(self) -> list[TruthFrame]:
        """The frames, of which the oldest are forgotten in very long runs."""
        # Copied first: a test may look while the lab's thread appends.
        return [TruthFrame(*each) for each in list(self._frames)]

    def lines(self) -> list[str]:
        """Return events and kept frames by sequence, the same in every run of a seed."""
        told: list[TruthEvent | TruthFrame] = [*self.events, *self.frames]
        return [each.line() for each in sorted(told, key=lambda one: one.sequence)]

    def digest(self) -> str:
        """Return a sha256 over every event and every frame, also over forgotten ones."""
        total = self._folded.copy()
        for one in self.frames:
            total.update(one.line().encode())
        for event in self.events:
            total.update(event.line().encode())
        return total.hexdigest()

    def _fold(self) -> None:
        take = self._frames.popleft
        lines = [_line(*take()) for _ in range(_FOLDED_AT_ONCE)]
        self._folded.update("".join(lines).encode())


def _line(sequence: int, time: float, device: str, direction: str, data: bytes) -> str:
    return f"{time:.6f} {sequence} {device} {direction} {data.hex()}"


def _text(value: object) -> str:
    """Return a value with fixed decimals, so that a digest does not hang on a last bit."""
    if isinstance(value, float):
        return f"{value:.6f}"
    return str(value).replace("\n", " ")
