"""Finite spaces are listed, each legal point once."""

import numpy as np
import pytest

from labloop.errors import SpaceError
from labloop.space import (
    Categorical,
    Continuous,
    Integer,
    Linear,
    Pool,
    SearchSpace,
)

TABLE = {"s": ["x", "y", "z"], "t": [10, 20, 30]}


def test_candidates_are_all_legal_points_once():
    """Rows, points and their indices belong together."""
    space = SearchSpace(
        Pool(TABLE, {"s": Categorical, "t": "mL"}),
        Continuous("v", 0, 20, "mL", step=10),
        Linear({"v": 1, "t": 1}, "<=", 35, "mL"),
    )
    listed = space.candidates()
    points = [listed.point(i) for i in range(len(listed))]
    assert space.kind == "pool"
    assert len(points) == space.size == 6
    assert all(space.contains(p) for p in points)
    assert [listed.index_of(p) for p in points] == list(range(6))
    np.testing.assert_array_equal(listed.encoded, space.encode(points))
    with pytest.raises(SpaceError, match="is none of the 6 candidates"):
        listed.index_of({"s": "z", "t": 30, "v": 10})
    assert space.candidates(limit=5) is None


def test_large_products_are_listed_and_larger_ones_are_not():
    """Up to a million combinations are enumerated."""
    sides = [Integer(n, 1, 10) for n in "abcdef"]
    space = SearchSpace(*sides)
    assert (space.kind, space.size) == ("product", 1_000_000)
    assert space.candidates().encoded.shape == (1_000_000, 6)
    more = SearchSpace(*sides, Integer("g", 0, 1))
    assert (more.kind, more.size, more.candidates()) == ("mixed", 2_000_000, None)
    narrow = SearchSpace(*sides[:5], Integer("g", 0, 1), Linear({"a": 1, "b": 1}, "<=", 4))
    assert (narrow.kind, narrow.size) == ("product", 12_000)
    assert SearchSpace(Continuous("x", 0, 1)).candidates() is None
