"""Aims become scores that are to be maximised, in numpy and in torch alike."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labloop.errors import ObjectiveError
from labloop.objectives import Maximize, Minimize, Objectives, Target
from labloop.records import Curve, Scalar

THREE = Objectives.of([Maximize("a"), Minimize("b"), Target("c", 5, 1)])
NUMBERS = st.floats(-1e6, 1e6)


def test_scores_of_each_aim():
    """More is better of every score; within its tolerance a target is met."""
    rows = np.array([[1, 2, 5], [1, 2, 5.9], [1, 2, 4], [1, 2, 7.5], [-1, -2, 3]])
    expected = [[1, -2, 0], [1, -2, 0], [1, -2, 0], [1, -2, -1.5], [-1, 2, -1]]
    np.testing.assert_allclose(THREE.scores(rows), expected, atol=1e-15)
    assert THREE.score({"c": 7.5, "b": 2, "a": 1, "other": 9}) == (1, -2, -1.5)


@settings(deadline=None)
@given(NUMBERS, NUMBERS, st.floats(0, 100))
def test_nearer_to_the_target_is_never_worse(y, value, tolerance):
    """The score falls with the distance and is exactly 0 within the tolerance."""
    aim = Objectives.of(Target("c", value, tolerance))
    here, nearer = (aim.score({"c": value + d})[0] for d in (y - value, (y - value) / 2))
    assert nearer >= here
    assert here <= 0
    # The stated tolerance, less the rounding of value + d.
    if abs(y - value) <= tolerance * (1 - 1e-9) - 1e-9:
        assert here == 0


@settings(deadline=None)
@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_torch_and_numpy_agree(rows):
    """The same operators serve both, on batches of any shape."""
    torch = pytest.importorskip("torch")
    array = np.array(rows)
    tensor = torch.tensor(array).reshape(1, len(rows), 3)
    scores = THREE.scores(tensor)
    assert scores.shape == (1, len(rows), 3)
    np.testing.assert_array_equal(scores[0].numpy(), THREE.scores(array))


def test_gradients_flow():
    """An acquisition function can climb along every aim, and stands still where a target is met."""
    torch = pytest.importorskip("torch")
    outputs = torch.tensor(
        [[1.0, 2.0, 3.0], [1.0, 2.0, 5.5]], dtype=torch.float64, requires_grad=True
    )
    THREE.scores(outputs).sum().backward()
    assert outputs.grad.tolist() == [[1, -1, 1], [1, -1, 0]]


def test_wrong_columns_are_refused():
    """Columns stand in the order of the outputs."""
    with pytest.raises(ObjectiveError, match=r"expected 3 columns \(a, b, c\), got shape \(4, 2\)"):
        THREE.scores(np.zeros((4, 2)))
    with pytest.raises(ObjectiveError, match="the outputs lack b, c"):
        THREE.score({"a": 1.0})


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Maximize(""), "names a declared output, got ''"),
        (lambda: Minimize(3), "names a declared output, got 3"),
        (lambda: Maximize("a", math.nan), "threshold of 'a' must be finite"),
        (lambda: Target("a", math.inf, 1), "target of 'a' must be finite"),
        (lambda: Target("a", "5", 1), "target of 'a' must be a number, got '5'"),
        (lambda: Target("a", 5, -1), "tolerance of 'a' must be 0 or more, got -1"),
        (lambda: Target("a", 5, 1, 0.5), "greater than the tolerance 1, got 0.5"),
        (
            lambda: Objectives.of(Maximize("a", 3)),
            r"3 of 'maximize a' .* no other; leave",
        ),
        (lambda: Objectives.of([Minimize("a", 3)]), "threshold 3 of 'minimize a'"),
        (lambda: Objectives.of([]), "needs at least one aim"),
        (lambda: Objectives.of("a"), "is a Maximize, Minimize or Target, got 'a'"),
        (lambda: Objectives.of(3), "is a Maximize, Minimize or Target, got 3"),
        (lambda: Objectives.of([Maximize("a"), "b"]), "got 'b'"),
        (lambda: Objectives.of([Maximize("a"), Minimize("a")]), "'a' has two aims; give it one"),
        (lambda: Objectives.from_spec({"schema": 2}), "written by another version"),
        (
            lambda: Objectives.from_spec({"schema": 1, "aims": [{"type": "hope"}]}),
            "one of maximize, minimize, target, got 'hope'",
        ),
        (
            lambda: Objectives.from_spec({"schema": 1, "aims": [{"type": "maximize", "x": 1}]}),
            "cannot be read",
        ),
    ],
)
def test_every_mistake_has_its_sentence(build, words):
    """A definition that cannot be used is refused where it is made."""
    with pytest.raises(ObjectiveError, match=words):
        build()


def test_aims_name_declared_scalars():
    """Undeclared outputs and curves are refused before anything runs."""
    declared = [Scalar("a"), Scalar("b"), Curve("spectrum")]
    Objectives.of([Maximize("a"), Minimize("b")]).check(declared)
    with pytest.raises(ObjectiveError, match=r"'maximize z' .* not declared; .* a, b, spectrum"):
        Objectives.of(Maximize("z")).check(declared)
    with pytest.raises(ObjectiveError, match="names a curve; let the analysis make a number"):
        Objectives.of(Minimize("spectrum")).check(declared)
    with pytest.raises(ObjectiveError, match="declared are none"):
        Objectives.of(Maximize("a")).check([])


@pytest.mark.parametrize(
    "aims",
    [Maximize("a"), [Maximize("a", 0.5), Minimize("b", threshold=2.0), Target("c", 5, 1, 3)]],
)
def test_a_spec_is_plain_json(aims):
    """Objectives survive the database."""
    objectives = Objectives.of(aims)
    text = json.dumps(objectives.spec(), allow_nan=False)
    assert Objectives.from_spec(json.loads(text)) == objectives
    assert Objectives.of(objectives) is objectives
    assert objectives.count == len(objectives.outputs) == len(objectives.aims)


def test_aims_speak():
    """Reports print an aim as a person would say it."""
    assert str(THREE) == "maximize a, minimize b, bring c to 5 within 1"
