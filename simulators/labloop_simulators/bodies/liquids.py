"""Liquids and vessels: what is physically where, in microlitres and micromoles."""

from dataclasses import dataclass, field
from typing import Protocol

_TRACE = 1e-9


@dataclass(slots=True)
class Liquid:
    """A volume in microlitres and what is in it.

    Solutes count in micromoles; a solvent, named ``solvent:<name>``, in microlitres.
    """

    volume: float = 0.0
    amounts: dict[str, float] = field(default_factory=dict)

    def add(self, other: "Liquid") -> None:
        """Mix ``other`` in."""
        self.volume += other.volume
        for name, amount in other.amounts.items():
            self.amounts[name] = self.amounts.get(name, 0.0) + amount

    def take(self, volume: float) -> "Liquid":
        """Draw up to ``volume`` of the mixture; what is not there cannot be drawn."""
        drawn = min(volume, self.volume)
        part = drawn / self.volume if self.volume > 0 else 0.0
        taken = Liquid(drawn, {name: amount * part for name, amount in self.amounts.items()})
        if self.volume - drawn < _TRACE:
            self.volume = 0.0
            self.amounts.clear()
            return taken
        self.volume -= drawn
        for name, amount in self.amounts.items():
            self.amounts[name] = amount * (1.0 - part)
        return taken

    def copy(self) -> "Liquid":
        """Return a liquid of the same content."""
        return Liquid(self.volume, dict(self.amounts))


class Vessel(Protocol):
    """Anything that liquid can be put into or taken from at a given time."""

    capacity: float

    def volume(self) -> float:
        """Return the microlitres in it."""
        ...

    def draw(self, volume: float, now: float) -> Liquid:
        """Take liquid out."""
        ...

    def pour(self, liquid: Liquid, now: float) -> None:
        """Put liquid in."""
        ...


class Well:
    """A vessel in which nothing happens: a reagent bottle, a sample cup."""

    def __init__(self, capacity: float, liquid: Liquid | None = None) -> None:
        self.capacity = capacity
        self.liquid = liquid if liquid is not None else Liquid()

    def volume(self) -> float:
        """Return the microlitres in it."""
        return self.liquid.volume

    def draw(self, volume: float, now: float) -> Liquid:  # noqa: ARG002 - a well has no clock
        """Take liquid out."""
        return self.liquid.take(volume)

    def pour(self, liquid: Liquid, now: float) -> None:  # noqa: ARG002 - a well has no clock
        """Put liquid in."""
        self.liquid.add(liquid)
