"""Random walks reach where rejection sampling finds nothing."""

import numpy as np

from labloop.space import (
    Continuous,
    Linear,
    SearchSpace,
)


def test_a_sliver_is_filled_to_its_ends():
    """Where rejection finds nothing, walks still reach both ends of a thin set."""
    space = SearchSpace(
        *(Continuous(n, 0, 1) for n in "abc"),
        Linear({"a": 1, "b": -1}, "<=", 1e-4),
        Linear({"a": 1, "b": -1}, ">=", -1e-4),
        Linear({"a": 1, "c": 1}, "==", 1),
    )
    values = np.array([p["a"] for p in space.sample(2000, seed=1)])
    assert np.histogram(values, bins=10, range=(0, 1))[0].min() > 100
