"""A plunger that is moved step by step and a valve beside it, in closed form."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Move:
    """One movement: the plunger goes from ``start`` to ``target`` steps, or the valve turns."""

    begin: float
    end: float
    start: float
    target: float
    valve: str


class Plunger:
    """Where the plunger is (steps, 0 is empty) and where the valve stands.

    Args:
        stroke: steps from empty to full.
        valve: where it stands at first.
    """

    def __init__(self, stroke: int, valve: str) -> None:
        self.stroke = stroke
        self.moves: list[Move] = []
        self._rest, self._valve = 0.0, valve

    def busy(self, now: float) -> bool:
        """Return whether anything moves."""
        return bool(self.moves) and now < self.moves[-1].end

    def position(self, now: float) -> float:
        """Return the plunger's position."""
        move = self._of(now)
        if move is None or now >= move.end:
            return self._rest if move is None else move.target
        return move.start + (move.target - move.start) * (now - move.begin) / (
            move.end - move.begin
        )

    def valve(self, now: float) -> str:
        """Return where the valve stands, or where it turns to."""
        move = self._of(now)
        return self._valve if move is None else move.valve

    @property
    def planned(self) -> tuple[float, str]:
        """Where plunger and valve will be in the end."""
        if self.moves:
            return self.moves[-1].target, self.moves[-1].valve
        return self._rest, self._valve

    def plan(self, now: float, seconds: float, target: float, valve: str) -> None:
        """Append a movement behind those that are planned."""
        begin = max(now, self.moves[-1].end if self.moves else -math.inf)
        start, _ = self.planned
        self.moves.append(Move(begin, begin + seconds, start, target, valve))

    def settle(self, now: float) -> None:
        """Forget movements that have ended."""
        if self.moves and now >= self.moves[-1].end:
            self._rest, self._valve = self.planned
            self.moves.clear()

    def cut(self, now: float) -> None:
        """Stop at once, where it is."""
        self._rest, self._valve = self.position(now), self.valve(now)
        self.moves.clear()

    def _of(self, now: float) -> Move | None:
        """Return the movement that is under way at ``now``, or the last one that has begun."""
        latest = None
        for move in self.moves:
            if move.begin <= now:
                latest = move
        return latest
