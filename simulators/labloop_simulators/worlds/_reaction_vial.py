"""A vial on a hotplate: what was put in, what it went through, what it became."""

from labloop_simulators.bodies.hotplate import Hotplate, Segment
from labloop_simulators.bodies.liquids import Liquid
from labloop_simulators.kit import TruthLog
from labloop_simulators.worlds._arylation import BAND, TEMPERATURES, Outcome, outcome

VIAL_CAPACITY = 1500.0
"""Microlitres."""


class ReactionVial:
    """A vessel in which the reaction of the grid may happen.

    The charge is kept as it was mixed, beside the seconds that it spent, stirred, at each
    temperature of the grid; the product is worked out whenever somebody looks.
    """

    def __init__(self, station: str, plate: Hotplate, truth: TruthLog, now: float) -> None:
        self.capacity = VIAL_CAPACITY
        self._station = station
        self._plate = plate
        self._truth = truth
        self._charge = Liquid()
        self._seconds_at: dict[int, float] = {}
        self._hot = 0.0
        """Seconds above the coldest temperature of the grid."""
        plate.advance(now)
        plate.cool_vial()
        plate.watch = self._went_through

    def volume(self) -> float:
        """Return the microlitres in it."""
        return self._charge.volume

    def pour(self, liquid: Liquid, now: float) -> None:
        """Put liquid in; where the reaction had begun, it goes on as another mixture."""
        self._plate.advance(now)
        if self._seconds_at:
            self._charge, _ = self._mixture()
            self._seconds_at.clear()
            self._hot = 0.0
        self._charge.add(liquid)

    def draw(self, volume: float, now: float) -> Liquid:
        """Take a part of the mixture as it is at ``now``."""
        self._plate.advance(now)
        mixture, became = self._mixture()
        self._charge.take(volume)
        self._truth.record(
            now,
            self._station,
            "reaction",
            reaction=became.reason,
            percent=round(became.percent, 9),
            celsius=round(self._plate.vial, 6),
        )
        return mixture.take(volume)

    def _mixture(self) -> tuple[Liquid, Outcome]:
        became = outcome(self._charge, self._seconds_at, self._hot)
        mixture = self._charge.copy()
        made = mixture.amounts.get("substrate", 0.0) * became.percent / 100.0
        if made > 0:
            mixture.amounts["product"] = mixture.amounts.get("product", 0.0) + made
            mixture.amounts["substrate"] -= made
        return mixture, became

    def _went_through(self, segment: Segment) -> None:
        if not segment.stirred or self._charge.volume <= 0:
            return
        self._hot += segment.seconds_between(TEMPERATURES[0] - BAND, 1000.0)
        for celsius in TEMPERATURES:
            spent = segment.seconds_between(celsius - BAND, celsius + BAND)
            if spent > 0:
                self._seconds_at[celsius] = self._seconds_at.get(celsius, 0.0) + spent
