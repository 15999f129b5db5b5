"""A mistake in a space gets one sentence that says what to change."""

import math

import pytest

from labloop.errors import SpaceError
from labloop.space import (
    Categorical,
    Conditional,
    Continuous,
    Forbidden,
    Integer,
    Linear,
    Mixture,
    Nonlinear,
    Ordered,
    Pool,
    SearchSpace,
    Subset,
)
from labloop.units import quantity

A, B = Continuous("a", 0, 1, "mol/L"), Continuous("b", 0, 1, "mol/L")
TABLE = {"s": ["x", "y", "x"], "t": [1, 2, 3]}

U, V, N = Continuous("u", 0, 1), Continuous("v", 0, 1), Integer("n", 0, 5)
FOUR = Mixture({"p": (0, 0.4), "q": (0, 0.4), "r": (0, 0.4), "s": (0, 0.4)})
ACID = Categorical("acid", ["acetic", "none"])

MISTAKES = {
    "subset that cannot fill": (
        lambda: SearchSpace(FOUR, Subset(["p", "q", "r", "s"], at_most=2)),
        "no choice of parts .* keeps 'at most 2 of p, q, r, s' and fills the mixture",
    ),
    "subset of nothing": (
        lambda: SearchSpace(U, Subset(["u", "w"], at_most=1)),
        "names 'w', which is no parameter",
    ),
    "subset of one that is never 0": (
        lambda: SearchSpace(U, Continuous("w", 1, 2), Subset(["u", "w"], at_most=1)),
        "'w', which is no number that can be 0; give it the low bound 0",
    ),
    "subset of another dimension": (
        lambda: SearchSpace(A, B, Subset(["a", "b"], at_most=1, least=0.1)),
        "is in '1', but 'a' is in 'mol/L'; give the subset a unit such as 'mol/L'",
    ),
    "subset over mixture and box": (
        lambda: SearchSpace(FOUR, U, Subset(["p", "u"], at_most=1)),
        "must all belong to one mixture",
    ),
    "more than there are": (lambda: Subset(["u", "v"], at_most=3), "at most 3 of 2 parts cannot"),
    "least above the bound": (
        lambda: SearchSpace(U, V, Subset(["u", "v"], at_most=1, least=2)),
        "asks for more of 'u' than its high bound 1",
    ),
    "condition on nothing": (
        lambda: SearchSpace(U, Conditional("u", {"w": 1})),
        "names 'w', which is no parameter",
    ),
    "conditional nothing": (
        lambda: SearchSpace(U, Conditional("w", {"u": (0.5, None)})),
        "conditional 'w' is no parameter; the space has u",
    ),
    "conditions in a circle": (
        lambda: SearchSpace(
            U, V, Conditional("u", {"v": (0.5, None)}), Conditional("v", {"u": (0.5, None)})
        ),
        "hang on each other in a circle",
    ),
    "condition on itself": (
        lambda: Conditional("u", {"u": (0.5, None)}),
        "cannot hang on its own value",
    ),
    "conditional part": (
        lambda: SearchSpace(FOUR, U, Conditional("p", {"u": (0.5, None)})),
        "'p' is part of a mixture or a pool .* use Subset",
    ),
    "conditional twice": (
        lambda: SearchSpace(U, V, *[Conditional("u", {"v": (low, None)}) for low in (0.1, 0.2)]),
        "'u' is conditional twice",
    ),
    "otherwise that is no name": (
        lambda: SearchSpace(ACID, U, Conditional("acid", {"u": (0.5, None)}, otherwise="salt")),
        "must be one of acetic, none, got 'salt'",
    ),
    "forbidden value that is not there": (
        lambda: SearchSpace(ACID, Forbidden({"acid": "formic"})),
        "must be one of acetic, none, got 'formic'",
    ),
    "range of names": (
        lambda: SearchSpace(ACID, Forbidden({"acid": (1, 2)})),
        "range of 'acid', whose values are names",
    ),
    "empty condition": (lambda: Forbidden({}), "is told by a mapping such as"),
    "empty list": (lambda: Forbidden({"acid": []}), "an empty list holds for nothing"),
    "range turned round": (lambda: Forbidden({"u": (2, 1)}), "a range needs low <= high"),
    "all is forbidden": (
        lambda: SearchSpace(N, Forbidden({"n": (0, 3)}), Forbidden({"n": [4, 5]})),
        "none of the 6 combinations keeps 'forbidden: n from 0 to 3' and 'forbidden: n 4 or 5'",
    ),
    "function nowhere": (
        lambda: SearchSpace(U, Nonlinear(lambda u: u**2, at_least=2, name="square")),
        "none of .* points that were tried keeps '2 <= square'",
    ),
    "function of nothing": (
        lambda: SearchSpace(U, Nonlinear(lambda w: w, at_least=2)),
        "asks for 'w', which is no parameter; its arguments are parameters by their names",
    ),
    "function that fails": (
        lambda: SearchSpace(U, Nonlinear(lambda u: {}[u], at_least=0, name="lookup")),
        "function of constraint '0 <= lookup' failed, as with u=.*: KeyError",
    ),
    "function that returns a text": (
        lambda: SearchSpace(U, Nonlinear(lambda u: f"{u}", at_least=0)),
        "it returned .* where a number is due",
    ),
    "function without arguments": (lambda: Nonlinear(lambda: 1), "it has none"),
    "no function": (lambda: Nonlinear(3), "needs a function of parameters"),
    "bounds turned round": (lambda: Nonlinear(lambda u: u, 1, 2), "at least 2 and at most 1"),
    "function that gives no number": (
        lambda: SearchSpace(U, Nonlinear(lambda u: u * math.nan, at_least=0)),
        "gives no finite number anywhere; mend the function",
    ),
    "unknown unit": (lambda: Continuous("t", 0, 1, "C"), "parameter 't': .*mean 'degC'"),
    "low above high": (lambda: Continuous("t", 2, 1), "needs low < high, got low 2 and high 1"),
    "range too wide": (lambda: Continuous("t", -1e308, 1e308), "is too wide for a computer"),
    "low is high": (lambda: Integer("t", 2, 2), "leave the parameter out if it is fixed"),
    "log of zero": (lambda: Continuous("t", 0, 1, log=True), "log=True needs a low bound above 0"),
    "nan": (lambda: Continuous("t", math.nan, 1), "low bound of parameter 't' must be finite"),
    "infinite": (lambda: Continuous("t", 0, math.inf), "high bound .* must be finite"),
    "text bound": (lambda: Continuous("t", "0", 1), "must be a number, got '0'"),
    "bool bound": (lambda: Continuous("t", False, 1), "must be a number, got False"),
    "name with a blank": (lambda: Continuous("my t", 0, 1), "must be a Python name .*'my t'"),
    "keyword": (lambda: Integer("lambda", 0, 1), "must be a Python name .*'lambda'"),
    "underscore": (lambda: Integer("_t", 0, 1), "must not begin with an underscore"),
    "number as name": (lambda: Integer(3, 0, 1), "must be a Python name"),
    "step of zero": (lambda: Continuous("t", 0, 1, step=0), "step .* must be above 0"),
    "step too large": (lambda: Continuous("t", 0, 1, step=2), "does not divide the range"),
    "step that misses": (
        lambda: Continuous("t", 0, 1, step=0.3),
        "step 0.3 .* does not divide .* high bound such as 0.9",
    ),
    "half an integer": (lambda: Integer("n", 0.5, 2), "needs whole bounds"),
    "huge integer": (lambda: Integer("n", 0, 2**60), "too large to be exact"),
    "no values": (lambda: Ordered("o", []), "needs a list of numbers"),
    "value twice": (lambda: Ordered("o", [1, 2, 1.0]), "lists 1 twice"),
    "text for a list": (lambda: Ordered("o", "12"), "needs a list of numbers, got '12'"),
    "no categories": (lambda: Categorical("s", []), "needs a list of names"),
    "one text": (lambda: Categorical("s", "water"), "needs a list of names, got 'water'"),
    "category twice": (lambda: Categorical("s", ["x", "y", "x"]), "lists 'x' twice"),
    "numbers as categories": (lambda: Categorical("s", [1, 2]), "use Ordered for numbers"),
    "a descriptor missing": (
        lambda: Categorical("s", ["x", "y"], {"x": [1]}),
        "one entry for each of x, y",
    ),
    "other descriptors": (
        lambda: Categorical("s", ["x", "y"], {"x": {"p": 1}, "y": {"q": 1}}),
        "needs the same descriptors, p; 'y' has q",
    ),
    "blind descriptors": (
        lambda: Categorical("s", ["x", "y"], {"x": [1], "y": [1]}),
        "do not tell 'x' from 'y'",
    ),
    "no descriptors": (lambda: Categorical("s", ["x", "y"], {"x": [], "y": []}), "are empty"),
    "nan descriptor": (
        lambda: Categorical("s", ["x", "y"], {"x": [1], "y": [math.nan]}),
        "descriptor '0' of parameter 's' must be finite",
    ),
    "no item": (SearchSpace, "needs at least one parameter"),
    "constraint alone": (lambda: SearchSpace(Linear({"a": 1}, "<=", 1)), "at least one parameter"),
    "strange item": (lambda: SearchSpace(A, 3), "made of parameters, pools, .* got 3"),
    "name twice": (lambda: SearchSpace(A, Integer("a", 0, 1)), "two parameters are called 'a'"),
    "name twice in a mixture": (
        lambda: SearchSpace(A, Mixture({"a": (0, 1), "c": (0, 1)})),
        "two parameters are called 'a'",
    ),
    "two pools": (
        lambda: SearchSpace(Pool({"s": [1]}, {"s": "1"}), Pool({"t": [1]}, {"t": "1"})),
        "can hold one pool; join the tables",
    ),
    "no weights": (lambda: Linear({}, "<=", 1), "needs weights such as"),
    "zero weights": (lambda: Linear({"a": 0}, "<=", 1), "a weight that is not 0"),
    "nan weight": (lambda: Linear({"a": math.nan}, "<=", 1), "weight of 'a' .* must be finite"),
    "strict sense": (lambda: Linear({"a": 1}, "<", 1), "'<=', '>=' or '==', got '<'"),
    "unknown unit of a constraint": (
        lambda: Linear({"a": 1}, "<=", 1, "molar"),
        "a linear constraint: .*mean 'mol/L'",
    ),
    "unknown parameter": (
        lambda: SearchSpace(A, Linear({"a": 1, "z": 1}, "<=", 1, "mol/L")),
        "names 'z', which is no parameter; the space has a",
    ),
    "constraint over names": (
        lambda: SearchSpace(Categorical("s", ["x", "y"]), Linear({"s": 1}, "<=", 1)),
        "names 's', whose values are names",
    ),
    "other dimension": (
        lambda: SearchSpace(A, Linear({"a": 1}, "<=", 1, "g")),
        "is in 'g', but 'a' is in 'mol/L', another dimension",
    ),
    "forgotten unit": (
        lambda: SearchSpace(A, Linear({"a": 1}, "<=", 1)),
        "is in '1', but 'a' is in 'mol/L'.* a unit such as 'mol/L'",
    ),
    "one part": (lambda: Mixture({"a": (0, 1)}), "needs at least two parts"),
    "part without bounds": (lambda: Mixture({"a": (0, 1), "b": 1}), "part 'b' .* needs"),
    "mixture too small": (
        lambda: Mixture({"a": (0, 0.4), "b": (0, 0.4)}),
        "cannot sum to 1: its parts reach 0 to 0.8",
    ),
    "mixture too large": (
        lambda: Mixture({"a": (0.6, 1), "b": (0.6, 1)}),
        "cannot sum to 1: its parts reach 1.2 to 2",
    ),
    "mixture between steps": (
        lambda: Mixture({"a": (0, 2), "b": (0.5, 2.5)}, total=1, step=1),
        "in steps of 1 from its low bounds",
    ),
    "no columns": (lambda: Pool(TABLE, {}), "needs columns="),
    "columns as a list": (lambda: Pool(TABLE, ["s"]), "needs columns="),
    "missing column": (lambda: Pool(TABLE, {"u": "1"}), "no column 'u'; it has 's', 't'"),
    "missing in a row": (
        lambda: Pool([{"s": 1}, {"t": 1}], {"s": "1"}),
        "no column 's'; it has 't'",
    ),
    "no rows": (lambda: Pool({"s": []}, {"s": "1"}), "has no rows"),
    "no rows at all": (lambda: Pool([], {"s": "1"}), "has no rows"),
    "unequal columns": (
        lambda: Pool({"s": [1], "t": [1, 2]}, {"s": "1", "t": "1"}),
        "must be equally long",
    ),
    "rows twice": (
        lambda: Pool(TABLE, {"s": Categorical}),
        "rows 1 and 3 of the pool are the same in s",
    ),
    "names as numbers": (lambda: Pool(TABLE, {"s": "1"}), "finite numbers, got 'x'; declare it"),
    "numbers as names": (lambda: Pool(TABLE, {"t": Categorical}), "must hold names, got 1"),
    "empty cell": (lambda: Pool([{"s": ""}], {"s": Categorical}), "must hold names, got ''"),
    "nan cell": (lambda: Pool({"t": [math.nan]}, {"t": "1"}), "must hold finite numbers, got nan"),
    "strange kind of column": (lambda: Pool(TABLE, {"s": float}), "needs a unit such as"),
    "unit of a column": (lambda: Pool(TABLE, {"t": "C"}), "pool column 't': .*mean 'degC'"),
    "descriptors of numbers": (
        lambda: Pool(TABLE, {"t": "1"}, {"t": {}}),
        "only a pool's columns of names can have descriptors, got some for t",
    ),
    "no such file": (lambda: Pool("nowhere.csv", {"t": "1"}), "'nowhere.csv' cannot be read"),
    "no table": (lambda: Pool(3, {"t": "1"}), "or a data frame, got int"),
    "old spec": (lambda: SearchSpace.from_spec({"schema": 9}), "written by another version"),
    "parameters as a list": (
        lambda: SearchSpace([Continuous("x", 0, 1)]),
        r"one after the other, SearchSpace\(\*items\)",
    ),
    "strange spec": (
        lambda: SearchSpace.from_spec({"schema": 1, "items": [{"type": "magic"}]}),
        "cannot hold an item of type 'magic'",
    ),
    "odd spec": (
        lambda: SearchSpace.from_spec({"schema": 1, "items": [{"type": "integer", "x": 1}]}),
        "an item of type 'integer' cannot be read",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_has_its_sentence(mistake):
    """The message names what was asked, what came and what to do."""
    build, words = MISTAKES[mistake]
    with pytest.raises(SpaceError, match=words) as caught:
        build()
    assert "\n" not in str(caught.value)


SPACE = SearchSpace(
    Continuous("t", 20, 80, "degC"),
    Continuous("g", 0, 1, step=0.1),
    Integer("n", 1, 5),
    Ordered("o", [1, 2, 5], "mL"),
    Categorical("s", ["x", "y"]),
    Linear({"g": 1, "n": 1}, "<=", 4),
)
GOOD = {"t": 25.0, "g": 0.3, "n": 2, "o": 5.0, "s": "x"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"t": 19}, "'t' must lie between 20 and 80 degC, got 19"),
        ({"t": math.nan}, "'t' must be finite"),
        ({"t": "25"}, "'t' must be a number"),
        ({"t": True}, "'t' must be a number"),
        ({"t": None}, "'t' must be a number"),
        ({"t": quantity(25, "mL")}, "parameter 't' needs a quantity in 'degC'"),
        ({"g": 0.33}, "takes steps, and 0.33 is none of them; the nearest is 0.3"),
        ({"n": 2.5}, "takes steps, and 2.5 is none of them; the nearest is 2$"),
        ({"n": 6}, "'n' must lie between 1 and 5"),
        ({"o": 3}, "the nearest is 2 mL"),
        ({"s": "z"}, "'s' must be one of x, y, got 'z'"),
        ({"s": 0}, "'s' must be one of x, y, got 0"),
        ({"z": 1}, "names 'z', which the space does not have"),
        ({"n": 5, "g": 0.1}, r"breaks the constraint '1 g \+ 1 n <= 4'"),
    ],
)
def test_every_illegal_point_has_its_sentence(change, words):
    """A point that a person typed is refused with the first fault."""
    with pytest.raises(SpaceError, match=words):
        SPACE.validate(GOOD | change)
    assert not SPACE.contains(GOOD | change)


def test_a_missing_value_has_its_sentence():
    """A point names all parameters."""
    with pytest.raises(SpaceError, match="no value for 's'; it has t, g, n, o"):
        SPACE.validate({k: v for k, v in GOOD.items() if k != "s"})


def test_points_are_normalised():
    """Ints, numpy numbers, dust and quantities become what points carry."""
    import numpy as np

    typed = {"t": quantity(298.15, "K"), "g": 0.1 + 0.2, "n": np.int64(2), "o": 5, "s": "x"}
    point = SPACE.validate(typed)
    assert point == GOOD | {"t": pytest.approx(25.0)}
    assert [type(v) for v in point.values()] == [float, float, int, float, str]
    assert SPACE.validate({"s": "x", **GOOD}) == GOOD


@pytest.mark.parametrize(
    ("encoded", "words"),
    [
        ([[0.5]], "expected n x 6 columns, got shape"),
        ([0.5] * 6, "expected n x 6 columns"),
        ([[math.nan] * 6], "must be finite"),
    ],
)
def test_encoded_points_have_a_shape(encoded, words):
    """A strategy that mixes up its columns hears of it."""
    with pytest.raises(SpaceError, match=words):
        SPACE.decode(encoded)


def test_no_points_are_no_problem():
    """Empty lists pass through."""
    assert SPACE.encode([]).shape == (0, 6)
    assert SPACE.decode(SPACE.encode([])) == []
    assert SPACE.sample(0, seed=1) == []


def test_an_output_is_no_parameter(make_shelf):
    """A column that was measured must not be proposed."""
    space = SearchSpace(make_shelf())
    space.refuse_outputs(["yield"])
    with pytest.raises(SpaceError, match=r"base is declared as an output .* columns=\{...\}"):
        space.refuse_outputs(["yield", "base"])
