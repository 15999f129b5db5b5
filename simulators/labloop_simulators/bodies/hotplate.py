"""Heat of a stirring hotplate and of the vial on it, in closed form.

The plate goes to its target with one time constant and the vial follows the plate with
another, so a stretch without a change of settings is a sum of two exponentials: no step
size, no drift, and a night costs as much as a second.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

AMBIENT = 22.0
"""Degrees Celsius of the room."""
_HEAT_UP, _COOL_DOWN = 150.0, 600.0
"""Time constants of the plate in s: the heater pushes, air only takes."""
_VIAL_STIRRED, _VIAL_STILL = 45.0, 240.0
"""Time constants of the vial in s."""
_MOTOR = 0.8
"""Time constant of the stirrer in s."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time without a change: the vial is at final + slow + fast parts."""

    start: float
    end: float
    final: float
    slow: float
    slow_tau: float
    fast: float
    fast_tau: float
    stirred: bool

    def vial(self, time: float) -> float:
        """Return the vial's temperature in degrees Celsius at lab second ``time``."""
        past = time - self.start
        return (
            self.final
            + self.slow * math.exp(-past / self.slow_tau)
            + self.fast * math.exp(-past / self.fast_tau)
        )

    def seconds_between(self, low: float, high: float) -> float:
        """Return for how long of the stretch the vial was from ``low`` to ``high``."""
        cuts = [self.start, *self._turns(), self.end]
        return sum(_overlap(self, a, b, low, high) for a, b in pairwise(cuts))

    def _turns(self) -> list[float]:
        """Return where inside the stretch the temperature turns: at most once."""
        if self.slow * self.fast >= 0:
            return []
        ratio = -(self.fast / self.fast_tau) / (self.slow / self.slow_tau)
        rate = 1 / self.fast_tau - 1 / self.slow_tau
        turn = self.start + math.log(ratio) / rate
        return [turn] if self.start < turn < self.end else []


def _overlap(segment: Segment, start: float, end: float, low: float, high: float) -> float:
    """Return the seconds in [low, high] of a monotone piece."""
    first, last = segment.vial(start), segment.vial(end)
    bottom, top = min(first, last), max(first, last)
    if top < low or bottom > high:
        return 0.0
    enter = (
        start
        if low <= first <= high
        else _crossing(segment, start, end, low if first < low else high)
    )
    leave = (
        end if low <= last <= high else _crossing(segment, start, end, low if last < low else high)
    )
    return leave - enter


def _crossing(segment: Segment, start: float, end: float, level: float) -> float:
    rising = segment.vial(end) > segment.vial(start)
    for _ in range(60):
        middle = (start + end) / 2
        if (segment.vial(middle) < level) == rising:
            start = middle
        else:
            end = middle
    return (start + end) / 2


class Hotplate:
    """The physical plate: heater, stirrer, watchdog and the vial block on it."""

    def __init__(self, watch: Callable[[Segment], None] | None = None) -> None:
        self.watch = watch
        """Is told each finished stretch: what a vial on the plate went through."""
        self.setpoint = 0.0
        self.speed_setpoint = 0.0
        self.heating = False
        self.stirring = False
        self.tripped = False
        """True after the watchdog switched everything off (Er02 on the display)."""
        self._deadline: float | None = None
        self._fall_back: tuple[float, float] | None = None
        self._time = 0.0
        self._plate = AMBIENT
        self._vial = AMBIENT
        self._speed = 0.0

    def advance(self, now: float) -> None:
        """Bring the plate to lab second ``now``, the watchdog's moment included."""
        if self._deadline is not None and now >= self._deadline:
            self._integrate(self._deadline)
            self._deadline = None
            if self._fall_back is None:
                self.heating = self.stirring = False
                self.tripped = True
            else:
                self.setpoint, self.speed_setpoint = self._fall_back
        self._integrate(now)

    def arm_watchdog(
        self, now: float, seconds: float, fall_back: tuple[float, float] | None = None
    ) -> None:
        """Switch everything off unless this is called again within ``seconds``.

        Args:
            now: lab second.
            seconds: how long nothing need be heard.
            fall_back: go on at this temperature (degC) and speed (rpm) instead.
        """
        self._deadline, self._fall_back = now + seconds, fall_back

    def disarm_watchdog(self) -> None:
        """Let the watchdog sleep."""
        self._deadline = None

    def power_cycle(self) -> None:
        """Lose the settings, keep the heat."""
        self.heating = self.stirring = self.tripped = False
        self.setpoint = self.speed_setpoint = 0.0
        self._deadline = None

    def cool_vial(self) -> None:
        """Put a vial of room temperature where the old one was."""
        self._vial = AMBIENT

    @property
    def plate(self) -> float:
        """Degrees Celsius of the plate at the time advanced to."""
        return self._plate

    @property
    def vial(self) -> float:
        """Degrees Celsius in the vial, where the external probe stands."""
        return self._vial

    @property
    def speed(self) -> float:
        """Revolutions per minute."""
        return self._speed

    def _integrate(self, now: float) -> None:
        duration = now - self._time
        if duration <= 0:
            return
        final = self.setpoint if self.heating else AMBIENT
        slow_tau = _HEAT_UP if final > self._plate else _COOL_DOWN
        fast_tau = _VIAL_STIRRED if self.stirring else _VIAL_STILL
        above = self._plate - final
        slow = above * slow_tau / (slow_tau - fast_tau)
        segment = Segment(
            start=self._time,
            end=now,
            final=final,
            slow=slow,
            slow_tau=slow_tau,
            fast=self._vial - final - slow,
            fast_tau=fast_tau,
            stirred=self.stirring and self.speed_setpoint > 0,
        )
        self._plate = final + above * math.exp(-duration / slow_tau)
        self._vial = segment.vial(now)
        wanted = self.speed_setpoint if self.stirring else 0.0
        self._speed = wanted + (self._speed - wanted) * math.exp(-duration / _MOTOR)
        self._time = now
        if self.watch is not None:
            self.watch(segment)
