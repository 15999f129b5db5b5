"""Whatever a space is made of: every point that it gives is legal, and encoding loses nothing."""

import json
from collections import Counter

import numpy as np
import pytest

from labloop.errors import SpaceError
from labloop.space import (
    Categorical,
    Conditional,
    Continuous,
    Integer,
    Linear,
    Ordered,
    SearchSpace,
)


def same(first, second):
    return all(
        first[name] == second[name]
        if isinstance(first[name], str)
        else first[name] == pytest.approx(second[name], rel=1e-8, abs=1e-9 * 5e8)
        for name in first
    )


def test_ten_thousand_samples_are_legal(space, faults):
    """Every sampled point lies in its ranges, on its grid, in its pool and constraints."""
    points = space.sample(10_000, seed=11)
    assert len(points) == 10_000
    assert faults(space, points) == []
    assert all(list(p) == list(space.names) for p in points[:50])
    assert all(space.validate(p) == p for p in points[:200])


def test_the_same_seed_gives_the_same_points(space):
    """Sampling is a pure function of the seed."""
    assert space.sample(50, seed=3) == space.sample(50, seed=3)
    if space.size is None or space.size > 1:
        assert space.sample(50, seed=3) != space.sample(50, seed=4)


def test_encoding_and_back_is_the_same_point(space):
    """Encoded columns lie in [0, 1] and decode to the point they came from."""
    points = space.sample(300, seed=5)
    encoded = space.encode(points)
    assert encoded.shape == (300, space.dimension)
    assert encoded.dtype == np.float64
    assert encoded.min() >= 0.0
    assert encoded.max() <= 1.0
    assert all(same(a, b) for a, b in zip(points, space.decode(encoded), strict=True))


def test_any_point_of_the_unit_cube_decodes_to_a_legal_one(space, faults):
    """An acquisition optimizer may hand over any point of the cube, its corners included."""
    rng = np.random.default_rng(2)
    cube = np.vstack(
        [
            rng.random((100, space.dimension)),
            rng.integers(0, 2, (20, space.dimension)).astype(float),
            np.zeros((1, space.dimension)),
            np.ones((1, space.dimension)),
        ]
    )
    decoded = space.decode(cube)
    assert faults(space, decoded) == []
    again = space.decode(space.encode(decoded))
    assert all(same(a, b) for a, b in zip(decoded, again, strict=True))


def test_a_spec_is_plain_json_and_makes_the_same_space(space):
    """A database keeps a space as JSON and needs nothing else to sample from it again."""
    text = json.dumps(space.spec(), allow_nan=False)
    again = SearchSpace.from_spec(json.loads(text))
    assert again == space
    assert hash(again) == hash(space)
    assert again.features == space.features
    # Of a function a file keeps the text alone, and the space says so.
    if not again.code_missing:
        assert again.sample(20, seed=1) == space.sample(20, seed=1)


def test_features_say_how_each_column_is_made(space):
    """A column can be computed from the point by the formula of its feature."""
    points = space.sample(40, seed=8)
    encoded = space.encode(points)
    assert [f.column for f in space.features] == list(range(space.dimension))
    idle = {item.parameter for item in space.items if isinstance(item, Conditional)}
    for feature in space.features:
        if feature.parameter in idle:
            continue
        values = [p[feature.parameter] for p in points]
        low, high = feature.low, feature.high
        if feature.kind == "onehot":
            expected = [float(v == feature.level) for v in values]
        elif feature.kind == "descriptor":
            continue
        elif feature.kind == "log":
            expected = np.log(np.array(values) / low) / np.log(high / low)
        else:
            expected = (np.array(values) - low) / (high - low)
        np.testing.assert_allclose(encoded[:, feature.column], expected, atol=1e-12)


def test_encoded_constraints_agree_with_the_space(space):
    """Where constraints are linear over encoded columns, they hold for every legal point."""
    constraints = space.constraints_encoded()
    encoded = space.encode(space.sample(200, seed=9))
    for constraint in constraints or []:
        left = encoded[:, list(constraint.columns)] @ np.array(constraint.coefficients)
        if constraint.kind == "==":
            np.testing.assert_allclose(left, constraint.rhs, atol=1e-8)
        else:
            assert left.min() >= constraint.rhs - 1e-8


@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [
        ("continuous", "box", None),
        ("step", "product", 11 * 10 * 5),
        ("integer", "mixed", 7 * 10**9),
        ("categorical", "mixed", None),
        ("pool", "pool", 81),
        ("pool beside free", "mixed", None),
        ("mixture", "box", None),
        ("all together", "mixed", None),
    ],
)
def test_kind_and_size(spaces, name, kind, size):
    """A strategy chooses its way by the kind; the size is exact where it is known."""
    assert (spaces[name].kind, spaces[name].size) == (kind, size)


@pytest.mark.parametrize("name", ["step", "pool", "mixture with steps"])
def test_small_samples_of_finite_spaces_do_not_repeat(spaces, name):
    """No experiment is proposed twice while there are others, and repeats are even after that."""
    space = spaces[name]
    points = space.sample(space.size, seed=1)
    assert len({tuple(p.values()) for p in points}) == space.size
    twice = Counter(tuple(p.values()) for p in space.sample(2 * space.size, seed=1))
    assert set(twice.values()) == {2}


OUTSIDE = SearchSpace(
    Continuous("heat", 20, 90, unit="degC"),
    Continuous("dose", 0.1, 10, log=True),
    Integer("cycles", 1, 5),
    Ordered("cell", [1.0, 2.0, 5.0], unit="cm"),
    Categorical("metal", ["alum", "iron"]),
    Linear({"heat": 1.0}, "<=", 80.0, unit="degC"),
)
LEGAL = {"heat": 55.0, "dose": 1.0, "cycles": 3, "cell": 2.0, "metal": "iron"}


@pytest.mark.parametrize(
    ("name", "value", "column", "share"),
    [
        ("heat", 85.0, 0, 65 / 70),
        ("heat", 97.0, 0, 1.1),
        ("heat", 6.0, 0, -0.2),
        ("dose", 100.0, 1, 1.5),
        ("cycles", 7, 2, 1.5),
        ("cycles", 2.5, 2, 0.375),
        ("cell", 3.0, 3, 0.5),
    ],
)
def test_what_was_carried_out_outside_has_a_place(name, value, column, share):
    """Beyond a bound, between steps, against a constraint: where it is, in its own type."""
    point = {**LEGAL, name: value}
    assert not OUTSIDE.contains(point)
    placed = OUTSIDE.placed(point)
    assert placed == point
    assert type(placed[name]) is type(value)
    encoded = OUTSIDE.encode([LEGAL, placed])
    assert encoded[1, column] == pytest.approx(share, rel=1e-12)
    assert OUTSIDE.contains(OUTSIDE.decode(encoded)[1])


def test_a_legal_point_is_placed_as_it_is_validated(space):
    """To the last bit: what was learned before is learned again."""
    points = space.sample(50, seed=3)
    assert [space.placed(p) for p in points] == [space.validate(p) for p in points]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"heat": 161.0}, "farther from the bounds 20 and 90 degC"),
        ({"heat": -51.0}, "farther from the bounds"),
        ({"dose": -1.0}, "has no place on it"),
        ({"dose": 0.0}, "has no place on it"),
        ({"heat": float("nan")}, "must be finite"),
        ({"metal": "tin"}, "must be one of alum, iron"),
        ({"pressure": 1.0}, "which the space does not have"),
    ],
)
def test_what_has_no_place_is_told(wrong, words):
    """A category that is none, a number out of all proportion, a parameter that is unknown."""
    with pytest.raises(SpaceError, match=words):
        OUTSIDE.placed({**LEGAL, **wrong})
    with pytest.raises(SpaceError, match="has no value for 'metal'"):
        OUTSIDE.placed({n: v for n, v in LEGAL.items() if n != "metal"})
