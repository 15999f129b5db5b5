"""That a legal point exists is proved when a space is built, or the constraints at fault named."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import SpaceError
from labloop.space import (
    Categorical,
    Continuous,
    Integer,
    Linear,
    Mixture,
    Ordered,
    Pool,
    SearchSpace,
)

X, Y = Continuous("x", 0, 1), Continuous("y", 0, 1)

IMPOSSIBLE = {
    "one bound": (
        [X, Y, Linear({"x": 1, "y": 1}, ">=", 3)],
        r"constraint '1 x \+ 1 y >= 3' cannot be met anywhere in the ranges",
    ),
    "two that exclude each other": (
        [
            X,
            Y,
            Linear({"x": 1}, "<=", 0.9),
            Linear({"x": 1, "y": 1}, ">=", 1.5),
            Linear({"x": 1, "y": 1}, "<=", 1),
        ],
        r"constraints '1 x \+ 1 y >= 1.5' and '1 x \+ 1 y <= 1' together",
    ),
    "mixture": (
        [
            Mixture({"x": (0, 1), "y": (0, 1)}),
            Linear({"x": 1}, "<=", 0.2),
            Linear({"y": 1}, "<=", 0.2),
        ],
        r"'mixture x \+ y == 1' and '1 x <= 0.2' and '1 y <= 0.2' together",
    ),
    "odd sum of even numbers": (
        [
            Ordered("x", [0, 2, 4, 6]),
            Ordered("y", [0, 2, 4]),
            Continuous("z", 0, 1),
            Linear({"x": 1, "y": 1}, "==", 5),
        ],
        r"constraint '1 x \+ 1 y == 5' cannot be met",
    ),
    "between two integers": (
        [Integer("n", 0, 9), Linear({"n": 1}, ">=", 2.2), Linear({"n": 1}, "<=", 2.8)],
        "'1 n >= 2.2' and '1 n <= 2.8' together",
    ),
    "pool": (
        [
            Pool({"s": ["x", "y"], "t": [1, 2]}, {"s": Categorical, "t": "1"}),
            X,
            Linear({"t": 1, "x": 1}, ">=", 3.5),
        ],
        r"'1 t \+ 1 x >= 3.5' cannot be met",
    ),
    "steps of a mixture": (
        [
            Mixture({"x": (0, 1), "y": (0, 1), "z": (0, 1)}, step=0.25),
            Linear({"x": 1}, ">=", 0.3),
            Linear({"x": 1}, "<=", 0.4),
        ],
        "'1 x >= 0.3' and '1 x <= 0.4' together",
    ),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_the_culprit_is_named(case):
    """Only the constraints that cannot hold together are named."""
    items, words = IMPOSSIBLE[case]
    with pytest.raises(SpaceError, match=words):
        SearchSpace(*items)


def test_what_cannot_be_decided_is_refused():
    """Grids too fine for the search end in a sentence, not in a wrong proof or a hang."""
    huge = [Integer(f"n{i}", 0, 10**6) for i in range(6)]
    weights = {f"n{i}": 2.0 * (10**5 + 7 * i) for i in range(6)}
    with pytest.raises(SpaceError, match=r"could not be decided in .* coarser steps"):
        SearchSpace(*huge, Linear(weights, "==", 12345679))


def test_pool_rows_that_cannot_be_completed_are_no_candidates():
    """A row is legal only where the free parameters can make it so."""
    pool = Pool({"t": [1, 2, 3, 4]}, {"t": "1"}, reusable=True)
    space = SearchSpace(
        pool,
        Integer("n", 0, 3),
        Continuous("x", 0, 1, step=0.5),
        Linear({"t": 1, "n": 2, "x": 1}, "==", 7.5),
    )
    assert {p["t"] for p in space.sample(50, seed=1)} == {1.0, 3.0}
    assert space.size == 2
    assert space.decode(np.ones((1, 3)))[0] == {"t": 3.0, "n": 2, "x": 0.5}


SMALL = st.integers(-4, 4).map(float)


GRIDS = st.sampled_from(
    [
        Integer("a", -2, 3),
        Integer("a", 0, 1),
        Ordered("a", [0, 1, 4, 5.5]),
        Continuous("a", 0, 2, step=0.5),
        Continuous("a", 1, 3, step=0.5, log=True),
        Ordered("a", [2]),
    ]
)


@st.composite
def gridded(draw):
    """Up to three parameters on grids and up to three constraints on them."""
    grids = draw(st.lists(GRIDS, min_size=1, max_size=3))
    named = [type(p)(f"p{i}", *_rest(p)) for i, p in enumerate(grids)]
    weight = st.fixed_dictionaries({p.name: SMALL for p in named}).filter(lambda w: any(w.values()))
    constraint = st.builds(
        Linear, weight, st.sampled_from(["<=", ">=", "=="]), st.integers(-6, 9).map(lambda n: n / 2)
    )
    return named, draw(st.lists(constraint, min_size=1, max_size=3))


def _rest(parameter):
    if isinstance(parameter, Ordered):
        return (parameter.values,)
    if isinstance(parameter, Integer):
        return (parameter.low, parameter.high)
    return (parameter.low, parameter.high, "1", parameter.log, parameter.step)


def _holds(constraint, point):
    left = math.fsum(w * point[name] for name, w in constraint.weights.items())
    return {
        "<=": left <= constraint.bound + 1e-6,
        ">=": left >= constraint.bound - 1e-6,
        "==": abs(left - constraint.bound) <= 1e-6,
    }[constraint.sense]


def _brute(parameters, constraints):
    values = [p.values_of(p.all_codes()) for p in parameters]
    names = [p.name for p in parameters]
    points = (dict(zip(names, row, strict=True)) for row in itertools.product(*values))
    return [p for p in points if all(_holds(c, p) for c in constraints)]


@settings(max_examples=120, deadline=None)
@given(gridded(), st.integers(0, 5))
def test_grids_are_decided_as_by_trying_everything(case, seed):
    """The search finds a point exactly where there is one, and lists exactly the legal ones."""
    parameters, constraints = case
    legal = _brute(parameters, constraints)
    if not legal:
        with pytest.raises(SpaceError, match=r"cannot be met|can meet"):
            SearchSpace(*parameters, *constraints)
        return
    space = SearchSpace(*parameters, *constraints)
    listed = space.candidates()
    assert [listed.point(i) for i in range(len(listed))] == legal
    assert all(p in legal for p in space.sample(2 * len(legal), seed))
    cube = np.random.default_rng(seed).random((3, space.dimension))
    assert all(p in legal for p in space.decode(cube))


@st.composite
def polytopes(draw):
    """Continuous parameters around a hidden point that meets every constraint."""
    size = draw(st.integers(2, 4))
    hidden = draw(st.lists(st.floats(0.1, 0.9), min_size=size, max_size=size))
    scale = draw(st.sampled_from([1e-9, 1.0, 1e6]))
    parameters = [Continuous(f"p{i}", 0, scale) for i in range(size)]
    constraints = []
    for _ in range(draw(st.integers(1, 4))):
        weights = draw(st.lists(SMALL, min_size=size, max_size=size).filter(any))
        value = math.fsum(w * h for w, h in zip(weights, hidden, strict=True)) * scale
        slack = draw(st.sampled_from([1e-4, 0.02, 0.5])) * scale
        named = {f"p{i}": w for i, w in enumerate(weights)}
        sense = draw(st.sampled_from(["<=", ">=", "=="]))
        # At most one equality, so that rounding cannot empty the set.
        if sense == "==" and any(c.sense == "==" for c in constraints):
            sense = "<="
        bound = {"<=": value + slack, ">=": value - slack, "==": value}[sense]
        constraints.append(Linear(named, sense, bound))
    return scale, parameters, constraints


@settings(max_examples=60, deadline=None)
@given(polytopes(), st.integers(0, 100))
def test_tight_polytopes_are_entered(case, seed):
    """A space that has a point gives legal samples and repairs any point of the cube."""
    scale, parameters, constraints = case
    space = SearchSpace(*parameters, *constraints)
    cube = np.random.default_rng(seed).random((5, space.dimension))
    for point in space.sample(20, seed) + space.decode(cube):
        for c in constraints:
            left = math.fsum(w * point[n] for n, w in c.weights.items()) / scale
            off = left - c.bound / scale
            assert off <= 1e-7 if c.sense == "<=" else True
            assert off >= -1e-7 if c.sense == ">=" else True
            assert abs(off) <= 1e-7 if c.sense == "==" else True
        assert space.contains(point)
