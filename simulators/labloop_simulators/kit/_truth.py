"""What physically happened in a simulated lab, as deterministic text."""

import hashlib
import marshal
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import TypeAlias

FRAMES_KEPT = 200_000
"""Older frames stay in the digest only: a week of reading four devices would fill a gigabyte."""
_AT_ONCE = 256
"""Frames packed or hashed in one go, in less than a millisecond: the lab waits meanwhile."""
_Frame: TypeAlias = tuple[int, float, str, str, bytes]


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
    _frames: list[_Frame] = field(default_factory=list)
    """The newest frames; a plain tuple each, because this runs twice in each round trip."""
    _packed: deque[bytes] = field(default_factory=deque)
    """Those before, ``_AT_ONCE`` in each: a tenth of the memory, so that days stay small."""
    _folded: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _sequence: int = 0

    def record(self, now: float, device: str, event: str, **values: object) -> None:
        """Note that ``event`` happened to ``device`` at lab second ``now``."""
        self._sequence += 1
        self.events.append(TruthEvent(self._sequence, now, device, event, tuple(values.items())))

    def frame(self, now: float, device: str, direction: str, data: bytes) -> None:
        """Note bytes that ``device`` received (``>``) or sent (``<``)."""
        self._sequence += 1
        self._frames.append((self._sequence, now, device, direction, data))
        if len(self._frames) >= 2 * _AT_ONCE:
            self._pack()

    @property
    def frames(self) -> list[TruthFrame]:
        """The frames, of which the oldest are forgotten in very long runs."""
        # The newest are copied first: where the lab's thread packs meanwhile, some come twice.
        newest = list(self._frames)
        first = newest[0][0] if newest else self._sequence + 1
        packed = [each for block in list(self._packed) for each in _unpacked(block)]
        return [TruthFrame(*each) for each in [*(p for p in packed if p[0] < first), *newest]]

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

    def _pack(self) -> None:
        """Pack the older half of the newest frames; forget the oldest where there are too many."""
        older, newer = self._frames[:_AT_ONCE], self._frames[_AT_ONCE:]
        self._packed.append(zlib.compress(marshal.dumps(older), 1))
        self._frames = newer
        if len(self._packed) * _AT_ONCE > FRAMES_KEPT:
            lines = [_line(*each) for each in _unpacked(self._packed.popleft())]
            self._folded.update("".join(lines).encode())


def _unpacked(block: bytes) -> list[_Frame]:
    frames: list[_Frame] = marshal.loads(zlib.decompress(block))  # noqa: S302 - packed above
    return frames


def _line(sequence: int, time: float, device: str, direction: str, data: bytes) -> str:
    return f"{time:.6f} {sequence} {device} {direction} {data.hex()}"


def _text(value: object) -> str:
    """Return a value with fixed decimals, so that a digest does not hang on a last bit."""
    if isinstance(value, float):
        return f"{value:.6f}"
    return str(value).replace("\n", " ")
