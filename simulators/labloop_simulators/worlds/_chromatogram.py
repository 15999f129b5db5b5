"""What the detector draws: one Gaussian peak a species on a drifting baseline with noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labloop_simulators.worlds._kinetics import FloatArray


@dataclass(frozen=True, slots=True)
class Peak:
    """Retention in min and area in mAU min for 1 mol/L."""

    minutes: float
    response: float


PEAKS = {
    "N": Peak(0.50, 12.0),
    "X": Peak(0.95, 260.0),
    "A": Peak(1.45, 300.0),
    "P": Peak(1.95, 420.0),
    "Bis": Peak(2.50, 510.0),
    "Dim": Peak(3.05, 700.0),
}
_WIDTH = 0.035
"""Standard deviation of a peak in min."""
_OFFSET, _SLOPE = 1.5, 0.4
"""Baseline in mAU and mAU/min."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """The detector's raster and its noise.

    Noise hangs on (seed, number of the scan) alone, so that the same experiments in the same
    order give the same curves, however often anything else was read in between.
    """

    seed: int
    area_noise: float = 0.01
    """Relative standard deviation of each peak's area."""
    baseline_noise: float = 0.4
    """Standard deviation of each point, in mAU."""
    points: int = 351
    step: float = 0.01
    """Minutes between points."""

    def draw(self, species: Sequence[str], composition: FloatArray, scan: int) -> FloatArray:
        """Return the absorbances in mAU of liquid with ``composition`` (mol/L) as scan ``scan``."""
        minutes = self.step * np.arange(self.points)
        random = np.random.default_rng([self.seed, scan])
        scale = 1.0 + self.area_noise * random.standard_normal(len(species))
        curve = _OFFSET + _SLOPE * minutes
        for name, amount, factor in zip(species, composition, scale, strict=True):
            peak = PEAKS[name]
            area = amount * peak.response * max(factor, 0.0)
            z = (minutes - peak.minutes) / _WIDTH
            curve = curve + area / (_WIDTH * np.sqrt(2.0 * np.pi)) * np.exp(-0.5 * z * z)
        drawn: FloatArray = curve + self.baseline_noise * random.standard_normal(self.points)
        return drawn
