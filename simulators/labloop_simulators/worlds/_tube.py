"""What is where in a tube: plug flow, told by the volume that has passed.

The flows are constant between changes, so the delivered volume is piecewise linear in
time. A parcel that leaves the reactor now came in when the tube had delivered one reactor
volume less; the detector sees what left one dead volume ago, blended in a mixing volume
(detector cell, fittings) that forgets exponentially with the volume passed.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labloop_simulators.worlds._kinetics import FloatArray

PARCELS = 48
"""Parcels of equal weight that stand for the contents of the mixing volume."""


@dataclass(frozen=True, slots=True)
class Volumes:
    """In mL: heated reactor, capillary to the detector, mixing volume before its cell."""

    reactor: float = 2.0
    dead: float = 0.3
    mixing: float = 0.5

    @property
    def memory(self) -> float:
        """The volume after which nothing of the past is left."""
        return self.reactor + self.dead + 12.0 * self.mixing


@dataclass(frozen=True, slots=True)
class Parcels:
    """Liquid in the detector: weights sum to 1; feed is n x 2 in mol/L, times are in s."""

    feed: FloatArray
    entered: FloatArray
    left: FloatArray


class Tube:
    """The history of flows through one tube."""

    def __init__(self, volumes: Volumes) -> None:
        self.volumes = volumes
        self._times: list[float] = [-1.0]
        self._delivered: list[float] = [0.0]
        self._flows: list[float] = [0.0]
        self._feeds: list[tuple[float, float]] = [(0.0, 0.0)]

    def change(self, now: float, flow: float, feed: tuple[float, float]) -> None:
        """Note that from ``now`` on ``flow`` mL/min of ``feed`` (A and N in mol/L) comes in."""
        delivered = self.delivered(now)
        self._times.append(now)
        self._delivered.append(delivered)
        self._flows.append(max(flow, 0.0))
        self._feeds.append(feed)
        self._forget(delivered - self.volumes.memory)

    def delivered(self, now: float) -> float:
        """Return the volume in mL delivered until ``now``."""
        index = max(bisect_right(self._times, now) - 1, 0)
        return self._delivered[index] + self._flows[index] * (now - self._times[index]) / 60.0

    def oldest(self) -> float:
        """Return the time before which nothing matters any more."""
        return self._times[0]

    def at_detector(self, now: float) -> Parcels:
        """Return the parcels that are in the mixing volume at ``now``."""
        behind = [-self.volumes.mixing * math.log1p(-(i + 0.5) / PARCELS) for i in range(PARCELS)]
        total = self.delivered(now) - self.volumes.dead
        out = [total - volume for volume in behind]
        entered = [volume - self.volumes.reactor for volume in out]
        return Parcels(
            feed=np.array([self._feed_at(volume) for volume in entered]),
            entered=np.array(self._times_of(entered)),
            left=np.array(self._times_of(out)),
        )

    def _segment(self, volume: float) -> int:
        return max(bisect_right(self._delivered, volume) - 1, 0)

    def _feed_at(self, volume: float) -> tuple[float, float]:
        # Before the first flow the tube holds pure solvent.
        return self._feeds[self._segment(volume)] if volume > self._delivered[0] else (0.0, 0.0)

    def _times_of(self, volumes: Sequence[float]) -> list[float]:
        return [self._time_of(volume) for volume in volumes]

    def _time_of(self, volume: float) -> float:
        index = self._segment(volume)
        flow = self._flows[index]
        if flow <= 0.0 or volume <= self._delivered[0]:
            return self._times[index]
        return self._times[index] + (volume - self._delivered[index]) / flow * 60.0

    def _forget(self, volume: float) -> None:
        index = max(bisect_right(self._delivered, volume) - 1, 0)
        for past in (self._times, self._delivered, self._flows, self._feeds):
            del past[:index]
