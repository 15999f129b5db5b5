"""Samples are spread evenly, keep out what is excluded, and say when nothing is left."""

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from labloop.errors import SpaceError, SpaceExhaustedError
from labloop.space import (
    Categorical,
    Continuous,
    Integer,
    Linear,
    Mixture,
    Pool,
    SearchSpace,
)
from labloop.space.sampling.sobol import Sobol

PINNED = [
    {"x": 0.3123666415922344, "n": 7, "s": "b"},
    {"x": 0.7680026204325259, "n": 1, "s": "a"},
    {"x": 0.07766479393467307, "n": 4, "s": "a"},
]


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


def test_a_sample_is_pinned():
    """The same on every machine: a stored seed must give the stored points again."""
    space = SearchSpace(Continuous("x", 0, 1), Integer("n", 0, 9), Categorical("s", ["a", "b"]))
    assert space.sample(3, seed=42) == PINNED


def test_a_mixture_with_steps_is_even():
    """Every composition comes equally often, also where high bounds cut the simplex."""
    space = SearchSpace(Mixture({"a": (0, 1), "b": (0, 0.6), "c": (0.2, 0.8)}, step=0.2))
    assert space.size == 13
    # One dimension beside it keeps the points apart, so that they may come again.
    wide = SearchSpace(*space.items, Continuous("x", 0, 1))
    counts = Counter((p["a"], p["b"], p["c"]) for p in wide.sample(13_000, seed=1))
    assert len(counts) == 13
    assert max(counts.values()) < 1150
    assert min(counts.values()) > 850


def test_a_mixture_is_even_on_the_simplex():
    """Each part has the mean and the variance of the flat distribution."""
    space = SearchSpace(Mixture(dict.fromkeys("abcd", (0, 1))))
    values = np.array([list(p.values()) for p in space.sample(4096, seed=2)])
    np.testing.assert_allclose(values.mean(axis=0), 0.25, atol=0.01)
    np.testing.assert_allclose(values.var(axis=0), 3 / 80, rtol=0.1)


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


def test_only_rows_of_a_pool_are_legal():
    """A combination that is not on the shelf is refused, and decoded to one that is."""
    space = SearchSpace(shelf())
    with pytest.raises(SpaceError, match=r"no row of the pool holds .*'x'.*20"):
        space.validate({"s": "x", "t": 20})
    assert space.validate({"t": 20, "s": "y"}) == {"s": "y", "t": 20.0}
    assert space.decode([[0, 0.1, 0, 0.45]]) == [{"s": "y", "t": 20.0}]


def test_a_pool_is_read_from_a_file(tmp_path):
    """A CSV file as a spreadsheet writes it; measured columns are not read."""
    path = tmp_path / "my shelf.csv"
    path.write_bytes("\ufeffs,t,yield\r\nx, 10,0.5\r\ny,2e1,\r\n".encode())
    space = SearchSpace(Pool(path, {"s": Categorical, "t": "degC"}))
    assert space.size == 2
    assert space.contains({"s": "y", "t": 20})
    assert "yield" not in str(space.spec())
    rows = [{"s": "x", "t": 10}, {"s": "y", "t": 20}]
    assert SearchSpace(Pool(rows, {"s": str, "t": "degC"})) == space


def test_descriptors_may_know_more_than_the_shelf_holds():
    """One table of solvents serves many pools."""
    known = {n: {"polarity": float(i)} for i, n in enumerate("wxyz")}
    space = SearchSpace(shelf(descriptors={"s": known}))
    assert [(f.kind, f.level, f.low, f.high) for f in space.features] == [
        ("descriptor", "polarity", 1.0, 3.0),
        ("linear", "", 10.0, 30.0),
    ]


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


@pytest.mark.parametrize("cell", ["1_000", "nan", "1e999", "\uff11", "1,5"])
def test_a_pool_reads_no_number_in_two_ways(tmp_path, cell):
    """What a computer's language would take for one is named with its column."""
    path = tmp_path / "pool.csv"
    path.write_text(f's,t\nx,5\ny,"{cell}"\n', encoding="utf-8")
    with pytest.raises(SpaceError, match="'t' must hold finite numbers"):
        SearchSpace(Pool(path, {"s": Categorical, "t": "1"}))
