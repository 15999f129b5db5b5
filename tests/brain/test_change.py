"""A planner goes on in another space or with other aims, and loses nothing of what it was told."""

import pytest

from labloop.brain import Brain
from labloop.errors import BrainError, SpaceError
from labloop.objectives import Maximize, Minimize, OutcomeConstraint
from labloop.space import Categorical, Continuous, Forbidden, SearchSpace


def space(low=20, high=90, solvents=("DMF", "NMP"), *more):
    return SearchSpace(
        Continuous("t", low, high, "degC"), Categorical("solvent", list(solvents)), *more
    )


def told(strategy="auto"):
    brain = Brain(space(), Maximize("y"), strategy, seed=2)
    rows = [(30, "DMF"), (45, "NMP"), (60, "DMF"), (75, "NMP"), (88, "DMF"), (52, "DMF")]
    brain.tell_past(
        [{"t": t, "solvent": s, "y": 50 - ((t - 60) / 10) ** 2, "z": t / 10} for t, s in rows]
    )
    return brain


def test_narrower_bounds_keep_and_use_what_lies_outside():
    """Results beyond the new bounds teach; proposals stay within them."""
    brain = told()
    assert brain.change(space=space(40, 80)) == [
        (
            f"2 experiments ({brain.data.observations[0].experiment_id}, "
            f"{brain.data.observations[4].experiment_id}) are outside of the new space, and "
            "learned from"
        )
    ]
    asked = brain.ask(2)
    assert all(40 <= p.point["t"] <= 80 for _, p in asked)
    assert all("on 6 results" in p.reason for _, p in asked)


def test_a_range_that_becomes_a_tenth_keeps_all_that_was_told():
    """What was asked for in wider bounds teaches however far outside; a slip of a unit is none."""
    brain = told()
    ((asked, _),) = brain.ask()
    said = brain.change(space=space(59, 62))
    assert "5 experiments" in said[0]
    assert said[0].endswith("are outside of the new space, and learned from")
    brain.tell(asked, {"y": 1.0, "z": 1.0})
    ((number, proposal),) = brain.ask()
    assert 59 <= proposal.point["t"] <= 62
    assert "on 7 results" in proposal.reason
    with pytest.raises(SpaceError, match="340 lies farther from the bounds 59 and 62"):
        brain.tell(number, {"y": 1.0, "z": 1.0}, point={**proposal.point, "t": 340})


def test_wider_bounds_and_another_level_are_proposed():
    """A level that came is tried, one that went is set aside with its results."""
    brain = told()
    assert brain.change(space=space(0, 120, ("DMF", "water"))) == [
        (
            f"2 experiments ({brain.data.observations[1].experiment_id}, "
            f"{brain.data.observations[3].experiment_id}) are kept and set aside: "
            "parameter 'solvent' must be one of DMF, water, got 'NMP'"
        )
    ]
    asked = brain.ask(6)
    assert {p.point["solvent"] for _, p in asked} == {"DMF", "water"}
    assert len(brain.data) == 6
    for number, _ in asked:
        brain.drop(number)
    assert brain.change(space=space()) == []
    assert "on 6 results" in brain.ask()[0][1].reason


def test_an_aim_and_an_outcome_constraint_come_and_go():
    """What was told beside the first aim is used for the second, where it is there."""
    brain = told()
    number, _ = brain.ask()[0]
    brain.tell(number, {"y": 40.0})
    assert brain.change(objective=[Maximize("y"), Minimize("z")]) == [
        (
            f"experiment {number} is without z, which is wanted: what was told teaches a "
            "planner without physics, but is never the best"
        )
    ]
    assert len(brain.front()) > 1
    assert brain.change(
        objective=Maximize("y"), constraints=[OutcomeConstraint("z", at_most=5)]
    ) == [
        (
            f"experiment {number} is without z, which is wanted: what was told teaches a "
            "planner without physics, but is never the best"
        )
    ]
    assert brain.best().outputs["z"] <= 5
    assert brain.change(constraints=[]) == []
    assert brain.best().outputs["z"] == 6


def test_points_under_way_that_are_not_legal_any_more_are_told():
    """They stay pending, are told all the same, and teach."""
    brain = told("sobol")
    number = brain.add({"t": 85, "solvent": "DMF"})
    said = brain.change(space=space(20, 90, ("DMF", "NMP"), Forbidden({"t": (80, None)})))
    assert said[-1] == (
        f"experiment {number} is under way and not legal any more: tell what comes of it, or "
        "drop it"
    )
    brain.tell(number, {"y": 1.0})
    assert brain.data.observations[-1].point["t"] == 85


def test_a_changed_planner_is_saved_and_loaded(tmp_path):
    """The file holds the space and the aims of now."""
    brain = told("sobol")
    brain.change(space=space(40, 80), objective=Minimize("y"))
    brain.save(tmp_path / "b.json")
    again = Brain.load(tmp_path / "b.json")
    assert (again.space, str(again.objective)) == (brain.space, str(brain.objective))
    assert again.ask(2) == brain.ask(2)


@pytest.mark.parametrize(
    ("new", "error", "sentence"),
    [
        (SearchSpace(Continuous("t", 290, 360, "K")), BrainError, "gives t in another unit"),
        (SearchSpace(Continuous("q", 0, 1)), BrainError, "varies q, and what was told varies t"),
        (SearchSpace(Continuous("t", 0, 9, "degC"), Continuous("y", 0, 1)), SpaceError, "y is"),
    ],
)
def test_a_change_that_would_read_results_wrongly_is_refused(new, error, sentence):
    """Nothing is changed then."""
    brain = told("sobol")
    with pytest.raises(error, match=sentence):
        brain.change(space=new)
    assert brain.space == space()
