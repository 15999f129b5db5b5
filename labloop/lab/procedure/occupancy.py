"""What experiments held, and what they waited for: stations and devices, in lab time."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from labloop.lab.time import Clock

_KEPT = 20_000
"""Holds that are kept: a campaign of thousands of experiments needs no more memory than this."""


@dataclass(frozen=True, slots=True)
class Occupation:
    """A station or device that one experiment had to itself, in lab seconds."""

    name: str
    start: float
    end: float


class Occupancy:
    """Notes how long stations and devices were held, and how long they were waited for.

    Args:
        clock: lab time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waits: dict[str, float] = {}
        self._holds: deque[Occupation] = deque(maxlen=_KEPT)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Count the block as time in which an experiment waited for ``what``."""
        began = self._clock.now()
        try:
            yield
        finally:
            self._waits[what] = self._waits.get(what, 0.0) + self._clock.now() - began

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """Count the block as time in which an experiment had ``name`` to itself."""
        began = self._clock.now()
        try:
            yield
        finally:
            self._holds.append(Occupation(name, began, self._clock.now()))

    def waits(self) -> Mapping[str, float]:
        """Return kind of station, or device -> lab seconds waited for it, by all together."""
        return dict(self._waits)

    def holds(self) -> Sequence[Occupation]:
        """Return the newest holds that are over, in order of their ends."""
        return tuple(self._holds)
