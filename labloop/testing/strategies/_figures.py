"""Statistics over runs that may never reach the target."""

import math
from collections.abc import Sequence

import numpy as np


def restricted_median(hits: Sequence[int | None], budget: int) -> float:
    """Return the median experiment of the hit; a run without one counts ``budget + 1``."""
    return float(np.median(restricted(hits, budget)))


def restricted(hits: Sequence[int | None], budget: int) -> list[int]:
    """Return the experiment of each hit, ``budget + 1`` for a miss."""
    return [budget + 1 if hit is None else hit for hit in hits]


def wilson(successes: int, runs: int, z: float = 1.6448536269514722) -> tuple[float, float]:
    """Return Wilson's 90 % interval of a share (Wilson 1927)."""
    if runs == 0:
        return 0.0, 1.0
    share = successes / runs
    scale = 1.0 + z**2 / runs
    centre = (share + z**2 / (2 * runs)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / runs + z**2 / (4 * runs**2))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def median_ratio(
    ours: Sequence[int], theirs: Sequence[int], *, draws: int = 10_000, seed: int = 0
) -> tuple[float, float, float]:
    """Return the ratio of the medians and its 90 % interval (low, high).

    Runs from the same start are a pair; pairs are resampled (percentile bootstrap, Efron 1979).
    """
    pairs = np.array([ours, theirs], dtype=np.float64)
    rng = np.random.default_rng(seed)
    picked = rng.integers(pairs.shape[1], size=(draws, pairs.shape[1]))
    ratios = np.median(pairs[0][picked], axis=1) / np.median(pairs[1][picked], axis=1)
    low, high = np.quantile(ratios, [0.05, 0.95])
    return float(np.median(pairs[0]) / np.median(pairs[1])), float(low), float(high)
