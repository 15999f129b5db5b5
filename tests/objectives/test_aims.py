"""Aims become scores that are to be maximised, in numpy and in torch alike."""

import json
import math

import pytest

from labloop.errors import ObjectiveError
from labloop.objectives import Maximize, Minimize, Objectives, Target
from labloop.records import Curve, Scalar

THREE = Objectives.of([Maximize("a"), Minimize("b"), Target("c", 5, 1)])


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
        (lambda: Objectives.from_spec({"schema": 3}), "written by another version"),
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
