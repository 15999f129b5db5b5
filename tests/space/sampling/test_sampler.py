"""Samples are legal and new, and the same for the same seed."""

from collections import Counter

import pytest

from labloop.errors import SpaceExhaustedError
from labloop.space import (
    Categorical,
    Continuous,
    Integer,
    Linear,
    Pool,
    SearchSpace,
)

PINNED = [
    {"x": 0.3123666415922344, "n": 7, "s": "b"},
    {"x": 0.7680026204325259, "n": 1, "s": "a"},
    {"x": 0.07766479393467307, "n": 4, "s": "a"},
]


def test_a_sample_is_pinned():
    """The same on every machine: a stored seed must give the stored points again."""
    space = SearchSpace(Continuous("x", 0, 1), Integer("n", 0, 9), Categorical("s", ["a", "b"]))
    assert space.sample(3, seed=42) == PINNED


def test_excluded_points_do_not_come():
    """A finite space gives the rest, then says that nothing is left."""
    space = SearchSpace(Integer("n", 1, 3), Categorical("s", ["x", "y"]))
    every = space.sample(6, seed=1)
    rest = space.sample(20, seed=2, exclude=every[:5])
    assert rest == [every[5]] * 20
    with pytest.raises(SpaceExhaustedError, match="all of the 6 legal points are excluded"):
        space.sample(1, seed=3, exclude=every)
    # A person's own point outside of the space excludes nothing.
    assert len(space.sample(6, seed=1, exclude=[{"n": 9, "s": "x"}, {"z": 1}])) == 6


def test_excluded_points_do_not_come_from_spaces_too_large_to_list():
    """Also where the constraints leave a handful of an enormous grid."""
    items = [Integer(f"n{i}", 0, 999) for i in range(3)]
    space = SearchSpace(*items, Linear({"n0": 1, "n1": 1, "n2": 1}, "<=", 1))
    assert space.size is None
    found = {tuple(p.values()) for p in space.sample(200, seed=1)}
    assert found == {(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)}
    gone = [dict(zip(space.names, p, strict=True)) for p in found if p != (0, 0, 0)]
    assert space.sample(1, seed=2, exclude=gone) == [{"n0": 0, "n1": 0, "n2": 0}]
    with pytest.raises(SpaceExhaustedError, match="among the 4 excluded ones"):
        space.sample(1, seed=2, exclude=[*gone, {"n0": 0, "n1": 0, "n2": 0}])


TABLE = {"s": ["x", "y", "z"], "t": [10, 20, 30]}


def shelf(**options):
    return Pool(TABLE, {"s": Categorical, "t": "degC"}, **options)


def test_a_row_of_a_pool_is_used_once():
    """Samples on a shelf are gone when they were used, whatever stood beside them."""
    space = SearchSpace(shelf(), Continuous("c", 0, 1))
    assert space.nonrepeatable
    points = space.sample(3, seed=1)
    assert sorted(p["s"] for p in points) == ["x", "y", "z"]
    left = space.sample(1, seed=5, exclude=points[:2])
    assert left[0]["s"] == points[2]["s"]
    with pytest.raises(SpaceExhaustedError, match=r"2 points were asked for, but 1 of .* 3 rows"):
        space.sample(2, seed=5, exclude=points[:2])
    with pytest.raises(SpaceExhaustedError, match="declare the pool reusable=True"):
        space.sample(4, seed=1)


def test_a_reusable_pool_is_used_again():
    """Rows come equally often once all were given."""
    space = SearchSpace(shelf(reusable=True))
    assert not space.nonrepeatable
    counts = Counter(p["s"] for p in space.sample(30, seed=1))
    assert counts == {"x": 10, "y": 10, "z": 10}
    with pytest.raises(SpaceExhaustedError, match="0 of the pool's 3 rows are left"):
        space.sample(1, seed=1, exclude=space.sample(3, seed=1))
