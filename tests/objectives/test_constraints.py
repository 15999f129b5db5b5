"""Outcome constraints: what measured outputs must keep."""

import json

import pytest

from labloop.errors import ObjectiveError
from labloop.objectives import Maximize, Minimize, Objectives, OutcomeConstraint
from labloop.records import Curve, Dataset, Observation, Scalar

WANTED = Objectives.of(Maximize("y"), [OutcomeConstraint("impurity", at_most=5.0)])


def data(*outputs):
    return Dataset(tuple(Observation(f"e{i}", {"x": i}, o) for i, o in enumerate(outputs)))


def test_the_best_is_the_best_that_keeps_them():
    """A result that breaks one is never the best; one on the bound keeps it."""
    seen = data({"y": 9, "impurity": 5.1}, {"y": 3, "impurity": 5.0}, {"y": 2, "impurity": 0})
    assert WANTED.best_seen(seen).experiment_id == "e1"
    assert WANTED.best_seen(data({"y": 9, "impurity": 6})) is None
    assert WANTED.outputs == ("y", "impurity")
    assert WANTED.count == 1
    assert WANTED.breaks({"y": 1, "impurity": 6}) == ("impurity at most 5",)
    assert WANTED.breaks({"y": 1, "impurity": 4}) == ()
    assert str(WANTED) == "maximize y, with impurity at most 5"


def test_the_front_is_that_of_the_feasible():
    """A result that breaks a constraint beats nobody, and covers no volume."""
    both = Objectives.of(
        [Maximize("y", threshold=0.0), Minimize("c", threshold=10.0)],
        [OutcomeConstraint("z", at_least=1.0, at_most=2.0)],
    )
    seen = data({"y": 9, "c": 0, "z": 3}, {"y": 5, "c": 5, "z": 2}, {"y": 4, "c": 6, "z": 1})
    assert [o.experiment_id for o in both.pareto(seen)] == ["e1"]
    assert both.best_seen(seen).experiment_id == "e1"
    assert both.volume(seen) == pytest.approx(25.0)
    assert both.demands == "y at least 0, c at most 10, z from 1 to 2"


def test_an_output_may_have_an_aim_and_a_constraint():
    """As much as possible, but not more than the bound."""
    capped = Objectives.of(Maximize("y"), [OutcomeConstraint("y", at_most=3.0)])
    assert capped.outputs == ("y",)
    assert capped.best_seen(data({"y": 4}, {"y": 2.9})).experiment_id == "e1"


def test_results_are_ordered_by_how_far_they_are_from_feasible():
    """So that a search without a feasible result begins at the nearest one."""
    seen = data({"y": 9, "impurity": 9}, {"y": 1, "impurity": 6}, {"y": 0, "impurity": 7})
    assert WANTED.best_first(WANTED.measured(seen)[1]).tolist() == [1, 2, 0]


def test_a_spec_with_constraints_is_plain_json():
    """It survives the database; a version that knows no constraints refuses it."""
    read = Objectives.from_spec(json.loads(json.dumps(WANTED.spec(), allow_nan=False)))
    assert read == WANTED
    assert WANTED.spec()["schema"] == 2
    assert Objectives.of(Maximize("y")).spec() == {
        "schema": 1,
        "aims": [{"type": "maximize", "output": "y", "threshold": None}],
    }


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: OutcomeConstraint("y"), "'y' has no bound; give at_most"),
        (lambda: OutcomeConstraint("", at_most=1), "names a declared output, got ''"),
        (
            lambda: OutcomeConstraint("y", at_most=float("nan")),
            "at_most .* must be finite",
        ),
        (
            lambda: OutcomeConstraint("y", at_most="5 %"),
            "in the output's unit, must be a number, got '5 %'",
        ),
        (lambda: OutcomeConstraint("y", at_most=True), "must be a number"),
        (
            lambda: OutcomeConstraint("y", at_least=2, at_most=1),
            "at least 2 and at most 1, which no",
        ),
        (lambda: Objectives.of(Maximize("y"), ["y < 5"]), "got 'y < 5'; constraints between"),
        (lambda: Objectives.of(Maximize("y"), "y"), "constraints is a list"),
        (
            lambda: Objectives.of(
                Maximize("y"),
                [OutcomeConstraint("z", at_most=1), OutcomeConstraint("z", at_least=0)],
            ),
            "'z' has two outcome constraints; give both bounds to one",
        ),
        (
            lambda: Objectives.of(Maximize("y", threshold=3)),
            r"say what must be kept by OutcomeConstraint\('y'",
        ),
        (
            lambda: Objectives.of(Objectives((Maximize("y", threshold=3),))),
            "the threshold 3 of 'maximize y'",
        ),
        (
            lambda: WANTED.check([Scalar("y")]),
            "constraint 'impurity at most 5' names an output that",
        ),
        (lambda: WANTED.check([Scalar("y"), Curve("impurity")]), "names a curve"),
        (
            lambda: Objectives.from_spec({**WANTED.spec(), "constraints": [{"over": 1}]}),
            "cannot be read",
        ),
    ],
)
def test_every_mistake_has_its_sentence(build, words):
    """A constraint that cannot be used is refused where it is made."""
    with pytest.raises(ObjectiveError, match=words):
        build()


def test_what_no_result_can_keep_is_refused():
    """Beyond what an output can be, and beside a threshold that leaves nothing of it."""
    declared = [Scalar("y", bounds=(0, 100)), Scalar("impurity")]
    wanted = Objectives.of(Maximize("y"), [OutcomeConstraint("y", at_least=120)])
    with pytest.raises(ObjectiveError, match=r"'y at least 120': 'y' is declared with bounds"):
        wanted.check(declared)
    Objectives.of(Maximize("y"), [OutcomeConstraint("y", at_least=100)]).check(declared)
    both = [Maximize("y", threshold=60), Minimize("impurity", threshold=5)]
    for kept, threshold in (
        (OutcomeConstraint("y", at_most=50), "the threshold 60"),
        (OutcomeConstraint("impurity", at_least=6), "the threshold 5"),
    ):
        with pytest.raises(
            ObjectiveError, match=f"no result can keep '{kept}' and meet {threshold}"
        ):
            Objectives.of(both, [kept])
    Objectives.of(both, [OutcomeConstraint("y", at_most=60)])
