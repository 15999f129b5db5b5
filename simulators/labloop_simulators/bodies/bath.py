"""A stirred bath: first-order approach to its target, in closed form, with its past."""

import bisect
import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Phase:
    """From ``since`` on the bath goes from ``start`` to ``target``; degC and seconds."""

    since: float
    start: float
    target: float
    constant: float

    def at(self, now: float) -> float:
        gone = now - self.since
        if gone <= 0.0:
            return self.start
        return self.target + (self.start - self.target) * math.exp(-gone / self.constant)


class Bath:
    """A bath that starts at room temperature, uncontrolled.

    Args:
        room: degC.
        heating: time constant in seconds while it is controlled.
        losing: time constant in seconds while it is left alone.
    """

    def __init__(self, *, room: float = 22.0, heating: float = 90.0, losing: float = 900.0) -> None:
        self.room, self.heating, self.losing = room, heating, losing
        self._phases = [_Phase(-math.inf, room, room, losing)]
        self._now = self._phases[0]

    def at(self, now: float) -> float:
        """Return the temperature in degC at ``now``, which may lie in the past."""
        phase = self._now
        if now < phase.since:
            index = bisect.bisect_right(self._phases, now, key=lambda p: p.since)
            phase = self._phases[max(index - 1, 0)]
        return phase.at(now)

    def approach(self, now: float, target: float | None) -> None:
        """Approach ``target`` from ``now`` on, or the room where it is None."""
        goal, constant = (self.room, self.losing) if target is None else (target, self.heating)
        self._now = _Phase(now, self.at(now), goal, constant)
        self._phases.append(self._now)

    def forget(self, before: float) -> None:
        """Drop the past that ended before ``before``; the phase at that time stays."""
        index = bisect.bisect_right(self._phases, before, key=lambda p: p.since) - 1
        del self._phases[: max(index, 0)]
