"""The scrambled Sobol sequence: even on every axis and every pair, the same for a seed."""

from collections import Counter

import numpy as np
import pytest

from labloop.space import (
    Continuous,
    SearchSpace,
)
from labloop.space.sampling.sobol import Sobol


def test_every_axis_is_stratified():
    """Of 2^k points exactly one falls into each of 2^k equal parts of every axis."""
    points = Sobol(50, seed=3).draw(256)
    assert points.shape == (256, 50)
    for column in points.T:
        assert sorted(np.floor(column * 256).astype(int)) == list(range(256))


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_pairs_of_axes_are_stratified(seed):
    """Of 1024 points each of the 8 x 8 squares of neighbouring axes holds 16, nearly."""
    points = Sobol(12, seed).draw(1024)
    for first in range(11):
        cells = np.floor(points[:, first] * 8) * 8 + np.floor(points[:, first + 1] * 8)
        counts = Counter(cells.tolist())
        assert len(counts) == 64
        assert max(counts.values()) <= 24


def test_the_sequence_goes_on():
    """Drawing in parts gives the same points as drawing at once."""
    parts = Sobol(3, seed=1)
    together = np.vstack([parts.draw(5), parts.draw(11)])
    np.testing.assert_array_equal(together, Sobol(3, seed=1).draw(16))
    assert not np.array_equal(together, Sobol(3, seed=2).draw(16))


def test_points_fill_a_box_better_than_chance():
    """The mean of a smooth function is met far closer than by random points."""
    space = SearchSpace(*(Continuous(f"x{i}", 0, 1) for i in range(5)))
    wave = [space.encode(space.sample(512, seed)).prod(axis=1).mean() - 1 / 32 for seed in range(8)]
    rng = np.random.default_rng(0)
    chance = [rng.random((512, 5)).prod(axis=1).mean() - 1 / 32 for _ in range(8)]
    assert np.abs(wave).mean() < 0.3 * np.abs(chance).mean()
