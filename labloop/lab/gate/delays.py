"""Delays of a simulated lab: real actions take longer than simulated ones, each by chance."""

import math
import random

_SIGMA = 1.0
"""Of the logarithm of a delay: of ten delays one is more than 3.6 times the middle one."""


class Delays:
    """Draws by how much each action takes longer.

    A share of its time, from a log-normal distribution. The same action of the same campaign is
    late by the same share in every run of a seed.

    Args:
        mean: of the shares; 0.2 makes actions a fifth longer on average.
        seed: of the simulated lab.
    """

    def __init__(self, mean: float, seed: int) -> None:
        self._mean = mean
        self._seed = seed

    def seconds(self, intent_id: str, took: float) -> float:
        """Return the lab seconds for which an action goes on, which took so many without."""
        if not self._mean or took <= 0:
            return 0.0
        draw = random.Random(f"{self._seed} {intent_id}")  # noqa: S311 - durations, no secrets
        return took * draw.lognormvariate(math.log(self._mean) - _SIGMA**2 / 2, _SIGMA)
