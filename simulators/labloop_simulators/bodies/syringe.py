"""The mechanics of a syringe pump: what its motor does to the plunger, in closed form."""

import math

_SPEED = 5.1
"""Fastest travel of an NE-1000's plunger, in cm/min."""
_SLOWEST = 1e-6
"""Slowest rate in mL/min that the emulator accepts."""
_DIAMETERS = (0.1, 50.0)
_SMALL = 14.0
"""Up to this diameter in mm a pump counts in microlitres by default, above in millilitres."""


class Syringe:
    """Position, rate and target of one syringe; volumes in mL, rates in mL/min, times in s."""

    def __init__(self) -> None:
        self.diameter = 26.59
        self.rate, self.rate_unit = 1.0, "MM"
        self.target, self.volume_unit, self.unit_volume = 0.0, "ML", 1.0
        self.sign = 1.0
        self.letter = "S"
        self.ends_at = math.inf
        """When the target will be reached, as things stand."""
        self._infused, self._withdrawn = 0.0, 0.0
        self._run_from, self._since = 0.0, 0.0

    @property
    def running(self) -> bool:
        """Whether the motor turns."""
        return self.letter in "IWX"

    @property
    def turns_at(self) -> float:
        """The rate at which the motor turns when it does: a purge is as fast as can be."""
        return self.fastest if self.letter == "X" else self.rate

    @property
    def flow(self) -> float:
        """What leaves the syringe now, negative while withdrawing."""
        return self.sign * self.turns_at if self.letter in "IWX" else 0.0

    @property
    def fastest(self) -> float:
        """The highest rate that this diameter allows."""
        return math.pi * (self.diameter / 20.0) ** 2 * _SPEED

    def volumes(self, now: float) -> tuple[float, float]:
        """Return what was infused and withdrawn until ``now``."""
        if self.letter not in "IWX":
            return self._infused, self._withdrawn
        passed = self.turns_at * (now - self._since) / 60.0
        if self.sign > 0:
            return self._infused + passed, self._withdrawn
        return self._infused, self._withdrawn + passed

    def set_diameter(self, millimetres: float) -> bool:
        """Take another syringe; returns whether the pump can hold it."""
        if not _DIAMETERS[0] <= millimetres <= _DIAMETERS[1]:
            return False
        self.diameter = millimetres
        self._infused = self._withdrawn = 0.0
        self.set_unit("UL" if millimetres <= _SMALL else "ML")
        return True

    def set_unit(self, unit: str) -> None:
        """Count volumes in ``UL`` or ``ML``; the number of the target stays."""
        size = 1e-3 if unit == "UL" else 1.0
        self.target *= size / self.unit_volume
        self.volume_unit, self.unit_volume = unit, size

    def set_rate(self, rate: float, unit: str, now: float) -> bool:
        """Set the rate, at once where the motor turns; returns whether it is in range."""
        if not _SLOWEST <= rate <= self.fastest:
            return False
        self._account(now)
        self.rate, self.rate_unit = rate, unit
        self._plan(now)
        return True

    def turn(self, sign: float, now: float) -> None:
        """Set the direction, at once where the motor turns."""
        self._account(now)
        self.sign = sign
        if self.letter in "IW":
            self.letter = "I" if sign > 0 else "W"

    def purge(self, now: float) -> None:
        """Turn as fast as can be, until told to stop."""
        self.letter, self._since, self.ends_at = "X", now, math.inf

    def start(self, now: float) -> bool:
        """Start the motor; returns whether the rate suits the syringe."""
        if not _SLOWEST <= self.rate <= self.fastest:
            return False
        if self.letter != "P":
            # A new run counts its target from here; a paused one goes on.
            self._run_from = self._count()
        self.letter, self._since = ("I" if self.sign > 0 else "W"), now
        self._plan(now)
        return True

    def stop(self, now: float) -> bool:
        """Stop the motor; returns whether it turned."""
        if not self.running:
            return False
        self._account(now)
        self.letter, self.ends_at = "S", math.inf
        return True

    def clear(self, direction: str, now: float) -> None:
        """Set the volume of ``INF`` or ``WDR`` back to zero."""
        self._account(now)
        if direction == "INF":
            self._infused = 0.0
        else:
            self._withdrawn = 0.0

    def _account(self, now: float) -> None:
        self._infused, self._withdrawn = self.volumes(now)
        self._since = now

    def _count(self) -> float:
        return self._infused if self.sign > 0 else self._withdrawn

    def _plan(self, now: float) -> None:
        if not self.running or self.target <= 0:
            self.ends_at = math.inf
            return
        left = self.target - (self._count() - self._run_from)
        self.ends_at = now + max(left, 0.0) / self.rate * 60.0
