"""The pumping program of a New Era pump: 41 phases, of which one is selected."""

import math
from dataclasses import dataclass

from labloop_simulators.bodies.syringe import Syringe

PHASES = 41
_STEPS = 200
"""So many phases in a row that pump nothing are a program that never ends."""


@dataclass(slots=True)
class Phase:
    """One phase; a new program pumps in its first one and stops in all others."""

    function: str = "STP"
    number: int = 0
    rate: float = 1.0
    rate_unit: str = "MM"
    target: float = 0.0
    sign: float = 1.0


class Program:
    """What a syringe does phase by phase; the selected phase is the syringe's own settings.

    Args:
        syringe: the mechanics.
    """

    def __init__(self, syringe: Syringe) -> None:
        self.syringe = syringe
        self.paused_until = math.inf
        """When a pause phase ends."""
        self.clear()

    def clear(self) -> None:
        """Forget the program."""
        self.phases = [Phase() for _ in range(PHASES)]
        self.phases[0].function = "RAT"
        self.selected = 1
        self._loops: dict[int, int] = {}

    @property
    def phase(self) -> Phase:
        """The selected phase, with what the syringe is set to."""
        syringe, phase = self.syringe, self.phases[self.selected - 1]
        phase.rate, phase.rate_unit = syringe.rate, syringe.rate_unit
        phase.target, phase.sign = syringe.target, syringe.sign
        return phase

    def select(self, number: int) -> bool:
        """Select a phase; returns whether there is one of that number."""
        if not 1 <= number <= PHASES:
            return False
        if number != self.selected:
            # Kept before another one is looked at.
            _ = self.phase
            self.selected = number
            phase, syringe = self.phases[number - 1], self.syringe
            syringe.rate, syringe.rate_unit = phase.rate, phase.rate_unit
            syringe.target, syringe.sign = phase.target, phase.sign
        return True

    def begin(self, number: int, now: float) -> str:
        """Start with phase ``number``; returns the error of the pump, empty where it runs."""
        self._loops.clear()
        self.select(number)
        return self._carry_on(now)

    def next(self, now: float) -> str:
        """Go on behind the phase that has ended; returns the letter of an alarm, or nothing."""
        return self._carry_on(now) if self.select(self.selected + 1) else "O"

    def end(self) -> None:
        """Go back to the first phase; a pause is over."""
        self.paused_until = math.inf
        self.select(1)

    def _carry_on(self, now: float) -> str:
        """Go through phases until one takes time."""
        for _ in range(_STEPS):
            phase = self.phase
            if phase.function == "RAT":
                return "" if self.syringe.start(now) else "?OOR"
            if phase.function == "STP":
                self.syringe.letter = "S"
                self.select(1)
                return ""
            if phase.function == "PAS":
                self.syringe.letter = "T" if phase.number else "U"
                self.paused_until = now + phase.number if phase.number else math.inf
                return ""
            if not self.select(self._behind(phase, now)):
                return "O"
        return "E"

    def _behind(self, phase: Phase, now: float) -> int:
        """Return which phase comes after one that takes no time."""
        here = self.selected
        if phase.function == "JMP":
            return phase.number
        if phase.function == "CLD":
            self.syringe.clear("INF", now)
            self.syringe.clear("WDR", now)
        if phase.function == "LOP" and self._loops.setdefault(here, phase.number) > 1:
            self._loops[here] -= 1
            return self._loop_begin(here)
        self._loops.pop(here, None)
        return here + 1

    def _loop_begin(self, here: int) -> int:
        """Return the phase behind the last start of a loop, or the first one."""
        for number in range(here - 1, 0, -1):
            if self.phases[number - 1].function == "LPS":
                return number
        return 1
