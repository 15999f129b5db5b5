"""What experiments held, and what they waited for: stations and devices, in lab time."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from labloop.lab.time import Clock

_KEPT = 20_000
"""Holds that are kept: a campaign of thousands of experiments needs no more memory than this."""


@dataclass(frozen=True, slots=True)
class Occupation:
    """A station or device that one experiment had, in lab seconds.

    Attributes:
        name: of the station or device.
        start: when it got it.
        end: when it gave it back.
        key: kind of the stations; ``lab.<name>`` for a device that was locked.
        experiment_id: who had it; None for what a person did by hand.
        asked: when it was asked for.
        use: number of the request among those of the experiment.
        setting: what it was set to; None where that is all one.
        preparing: seconds of warm-up and change-over at its begin.
    """

    name: str
    start: float
    end: float
    key: str = ""
    experiment_id: str | None = None
    asked: float = 0.0
    use: int = 0
    setting: float | str | None = None
    preparing: float = 0.0


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
    def holding(self, occupation: Occupation) -> Iterator[None]:
        """Count the block as time in which an experiment had what ``occupation`` names."""
        began = self._clock.now()
        try:
            yield
        finally:
            self._holds.append(replace(occupation, start=began, end=self._clock.now()))

    def waits(self) -> Mapping[str, float]:
        """Return kind of station, or device -> lab seconds waited for it, by all together."""
        return dict(self._waits)

    def holds(self) -> Sequence[Occupation]:
        """Return the newest holds that are over, in order of their ends."""
        return tuple(self._holds)
