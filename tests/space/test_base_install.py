"""The room needs numpy alone."""

import subprocess
import sys

from labloop.space import (
    Continuous,
    Linear,
    Mixture,
    SearchSpace,
)


def test_the_base_install_is_enough():
    """Sampling, proof and repair work where numpy is all there is, and give the same points."""
    code = """
import sys
for name in ("scipy", "torch", "pandas", "sklearn"):
    sys.modules[name] = None
from labloop.space import Continuous, Linear, Mixture, SearchSpace
space = SearchSpace(Continuous("x", 0, 1), Mixture({"a": (0, 1), "b": (0, 1)}),
                    Linear({"x": 1, "a": 1}, "==", 0.5))
print(space.sample(2, seed=1))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    space = SearchSpace(
        Continuous("x", 0, 1),
        Mixture({"a": (0, 1), "b": (0, 1)}),
        Linear({"x": 1, "a": 1}, "==", 0.5),
    )
    assert done.stdout.strip() == str(space.sample(2, seed=1))
