"""The deck below the arm: slots with places and heights, reach, and ways that collide."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from labloop_simulators.bodies.liquids import Vessel

Place = tuple[float, float, float]
"""Millimetres from the foot of the arm."""

SAFE_HEIGHT = 300.0
"""Height in mm at which the arm travels between slots: above everything on the deck."""
NEAREST, FARTHEST = 120.0, 700.0
"""The ring in mm that the arm can reach, and its highest point."""
HIGHEST = 450.0
TIP_LENGTH = 60.0


@dataclass(slots=True)
class Slot:
    """A place on the deck.

    A fixed slot always has its vessel; on a vial slot one may be put down or taken away.
    """

    place: Place
    """Centre of the opening; its height is the height of what stands there."""
    half_width: float = 12.0
    vessel: Vessel | None = None
    new_vial: Callable[[float], Vessel] | None = None
    """For vial slots: makes the vessel that a fresh vial is, given the lab time."""


class Deck:
    """All slots by name, the tips and the fresh vials."""

    def __init__(self, slots: Mapping[str, Slot], *, tips: int = 768, vials: int = 240) -> None:
        self.slots = dict(slots)
        self.tips = tips
        self.vials = vials

    def reachable(self, place: Place) -> bool:
        """Return whether the arm can bring its hand to ``place``."""
        x, y, z = place
        return NEAREST <= math.hypot(x, y) <= FARTHEST and 0.0 <= z <= HIGHEST

    def collides(self, start: Place, end: Place, hanging: float) -> str | None:
        """Return the name of the first slot that a straight way would hit, or None.

        Args:
            start: where the hand is.
            end: where it shall go.
            hanging: millimetres that a tip hangs below the hand.
        """
        low_start = (start[0], start[1], start[2] - hanging)
        low_end = (end[0], end[1], end[2] - hanging)
        for name, slot in self.slots.items():
            if _hits(low_start, low_end, slot):
                return name
        return None


def _hits(start: Place, end: Place, slot: Slot) -> bool:
    """Return whether the way enters the slot's box, by clipping it to the box's sides."""
    x, y, z = slot.place
    half = slot.half_width
    enter, leave = 0.0, 1.0
    sides = ((x - half, x + half), (y - half, y + half), (-math.inf, z))
    for axis, (low, high) in enumerate(sides):
        origin, step = start[axis], end[axis] - start[axis]
        if step == 0:
            if not low < origin < high:
                return False
            continue
        first, last = sorted(((low - origin) / step, (high - origin) / step))
        enter, leave = max(enter, first), min(leave, last)
        if enter >= leave:
            return False
    return True
