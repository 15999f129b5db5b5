"""What experiments held, and what they waited for: stations and devices, in lab time."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from labloop.lab.time import Clock
from labloop.records import Occupation

_KEPT = 20_000
"""Holds that are kept: a campaign of thousands of experiments needs no more memory than this."""


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
    def waiting(self, kinds: Sequence[str]) -> Iterator[float]:
        """Count the block as time in which an experiment waited; yields its begin."""
        began = self._clock.now()
        try:
            yield began
        finally:
            for kind in kinds:
                self._waits[kind] = self._waits.get(kind, 0.0) + self._clock.now() - began

    @contextmanager
    def holding(self, occupation: Occupation, own: list[Occupation]) -> Iterator[None]:
        """Count the block as time in which an experiment had what ``occupation`` names.

        ``own``: what is known of that experiment alone; it is added there, too.
        """
        began = self._clock.now()
        try:
            yield
        finally:
            over = replace(occupation, start=began, end=self._clock.now())
            self._holds.append(over)
            own.append(over)

    def waits(self) -> Mapping[str, float]:
        """Return kind of station, or device -> lab seconds waited for it, by all together."""
        return dict(self._waits)

    def holds(self) -> Sequence[Occupation]:
        """Return the newest holds that are over, in order of their ends."""
        return tuple(self._holds)
