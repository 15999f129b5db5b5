"""A part of a space asks for what a person holds fixed, and models of the whole serve it."""

import numpy as np
import pytest

from labloop.errors import SpaceError
from labloop.space import (
    Categorical,
    Conditional,
    Continuous,
    Mixture,
    Ordered,
    Pool,
    SearchSpace,
    Subset,
)


@pytest.fixture(scope="module")
def whole():
    return SearchSpace(
        Categorical("solvent", ["DMF", "NMP", "water"]),
        Continuous("t", 20, 90, "degC"),
        Continuous("loading", 0.5, 5),
        Mixture({"a": (0, 1), "b": (0, 1), "c": (0, 1), "d": (0, 1)}),
        Conditional("loading", {"solvent": ["DMF", "NMP"]}),
        Subset(["a", "b", "c", "d"], at_most=2, least=0.1),
    )


def test_what_is_fixed_is_fixed_and_the_rest_varies(whole):
    """A value, a list and a range are kept by every point; everything else still varies."""
    part = whole.restricted({"solvent": "DMF", "a": 0.3, "t": (30, 40)}, [{"b": (0.2, None)}])
    points = part.sample(100, seed=1)
    points += part.decode(np.random.default_rng(1).random((100, part.dimension)))
    assert {p["solvent"] for p in points} == {"DMF"}
    assert {p["a"] for p in points} == {0.3}
    assert all(30 <= p["t"] <= 40 for p in points)
    assert all(p["b"] < 0.2 for p in points)
    assert len({p["loading"] for p in points}) > 50
    assert all(whole.contains(p) for p in points)


def test_models_of_the_whole_serve_a_part(whole):
    """Encoded columns are the same, so that what was learned elsewhere counts."""
    part = whole.restricted({"solvent": "DMF"})
    points = whole.sample(20, seed=3)
    assert (part.encode(points) == whole.encode(points)).all()
    assert part.features == whole.features


def test_candidates_of_a_part_are_those_of_the_whole_that_fit():
    """In a product and in a pool, a part lists the candidates that it holds."""
    product = SearchSpace(Categorical("s", ["x", "y"]), Ordered("t", [1, 2, 3]))
    part = product.restricted({"s": "y"}, {"t": 2})
    found = [part.candidates().point(i) for i in range(len(part.candidates()))]
    assert found == [{"s": "y", "t": 1.0}, {"s": "y", "t": 3.0}]
    rows = [{"s": s, "t": t} for s in "xyz" for t in (1, 2)]
    pool = SearchSpace(Pool(rows, {"s": Categorical, "t": "1"}))
    assert len(pool.restricted({"t": 1}).candidates()) == 3


def test_nothing_asked_is_the_space_itself(whole):
    """Without a wish nothing is built anew."""
    assert whole.restricted() is whole


@pytest.mark.parametrize(
    ("fixed", "avoid", "sentence"),
    [
        ({"solvent": "THF"}, None, "must be one of DMF, NMP, water, got 'THF'"),
        ({"solvents": "DMF"}, None, "names 'solvents', which is no parameter"),
        ({"t": 95}, None, "must lie between 20 and 90 degC, got 95"),
        ({"solvent": "DMF"}, {"solvent": "DMF"}, "no question can be asked with only solvent DMF"),
        ({"a": 0.6, "b": 0.6}, None, "only a 0.6 and b 0.6: no choice of parts was found"),
    ],
)
def test_a_wish_that_cannot_be_met_is_told(whole, fixed, avoid, sentence):
    """What a person asked for is in the sentence."""
    with pytest.raises(SpaceError, match=sentence):
        whole.restricted(fixed, avoid)
