"""A person holds things fixed, gives candidates, adds and replaces proposals; all of it is told."""

import numpy as np
import pytest

from labloop.brain import Brain
from labloop.errors import BrainError, SpaceError
from labloop.objectives import Maximize
from labloop.space import (
    Categorical,
    Conditional,
    Continuous,
    Forbidden,
    Mixture,
    Nonlinear,
    SearchSpace,
)


def space():
    return SearchSpace(
        Continuous("t", 20, 90, "degC"),
        Categorical("solvent", ["DMF", "NMP", "water"]),
        Continuous("load", 0, 5, step=0.1),
    )


def measured(point):
    bonus = {"DMF": 0.0, "NMP": 5.0, "water": -5.0}[point["solvent"]]
    return 50 - ((point["t"] - 60) / 10) ** 2 + bonus + point["load"]


def told(strategy="auto", count=8):
    brain = Brain(space(), Maximize("y"), strategy, seed=3)
    for point in space().sample(count, seed=1):
        brain.tell(brain.add(point), {"y": measured(point)})
    return brain


@pytest.mark.parametrize("strategy", ["auto", "sobol", "random"])
@pytest.mark.parametrize("count", [0, 8])
def test_what_is_held_fixed_is_in_every_proposal(strategy, count):
    """At the start and with a model, one alone or several, for strategies that learn or do not."""
    brain = told(strategy, count)
    asked = brain.ask(3, fixed={"solvent": "DMF", "load": 0.3}, avoid=[{"t": (70, None)}])
    for _, proposal in asked:
        assert proposal.point["solvent"] == "DMF"
        assert proposal.point["load"] == 0.3
        assert proposal.point["t"] < 70
        assert proposal.reason.endswith(
            "asked for with solvent DMF and load 0.3 and without t from 70"
        )
    assert len({p.point["t"] for _, p in asked}) == 3


@pytest.mark.parametrize("strategy", ["auto", "random"])
@pytest.mark.parametrize("count", [0, 8])
def test_a_number_is_held_at_one_of_several_values(strategy, count):
    """Also on a continuum, where chance never meets one: three ovens at three temperatures."""
    brain = told(strategy, count)
    points = [p.point for _, p in brain.ask(6, fixed={"t": [35, 50, 72.25], "load": [1, 2.5]})]
    assert {point["t"] for point in points} <= {35.0, 50.0, 72.25}
    assert {point["load"] for point in points} <= {1.0, 2.5}
    assert len({tuple(point.values()) for point in points}) == 6


def test_several_values_hold_beside_conditions_and_bounds():
    """What is not used stays unused, and sums are kept."""
    mixed = SearchSpace(
        Continuous("t", 20, 90, "degC"),
        Categorical("metal", ["Pd", "none"]),
        Continuous("load", 1, 5),
        Conditional("load", {"metal": "Pd"}),
        Forbidden({"t": (54, None)}),
    )
    part = mixed.restricted({"t": [30, 50, 80], "load": [0, 2, 3]})
    points = part.sample(40, seed=1)
    assert {point["t"] for point in points} == {30.0, 50.0}
    for point in points:
        assert point["load"] in ({2.0, 3.0} if point["metal"] == "Pd" else {0.0})


def test_a_part_of_a_mixture_is_held_at_one_value():
    """Several are refused in words of what can be asked instead."""
    mixture = SearchSpace(Mixture({"a": (0, 1), "b": (0, 1), "c": (0, 1)}))
    with pytest.raises(SpaceError, match="ask for one of them, or for a range"):
        mixture.restricted({"a": [0.2, 0.3]})


def test_a_model_of_all_results_serves_what_is_fixed():
    """What was learned in other solvents counts: the best temperature is found at once."""
    brain = told(count=14)
    _, proposal = brain.ask(fixed={"solvent": "water"})[0]
    assert 50 < proposal.point["t"] < 70


def test_a_wish_that_cannot_be_met_changes_nothing():
    """A sentence, and no round is opened."""
    brain = told(count=0)
    with pytest.raises(SpaceError, match="must be one of DMF, NMP, water, got 'THF'"):
        brain.ask(fixed={"solvent": "THF"})
    assert brain.pending == {}


def test_candidates_are_ranked_and_explained():
    """The best stands first; what was measured, is twice there or illegal stands last."""
    brain = told(count=14)
    known = dict(brain.data.observations[0].point)
    good = {"t": 60.0, "solvent": "NMP", "load": 5.0}
    poor = {"t": 21.0, "solvent": "water", "load": 0.0}
    rows = [poor, known, good, good, {"t": 95, "solvent": "DMF", "load": 1}]
    ranked = brain.rank(rows)
    assert [(r.place, r.row) for r in ranked] == [(1, 3), (2, 1), (None, 2), (None, 4), (None, 5)]
    assert "improve" in ranked[0].reason
    assert ranked[0].predicted["y"].mean > ranked[1].predicted["y"].mean
    assert ranked[2].reason.startswith("measured already, as experiment ")
    assert ranked[3].reason == "the same as row 3"
    assert "must lie between 20 and 90 degC, got 95" in ranked[4].reason
    assert brain.pending == {}
    assert brain.rank(rows) == ranked


@pytest.mark.parametrize("strategy", ["sobol", "random"])
def test_every_strategy_ranks(strategy):
    """Candidates have places also where nothing is learned."""
    rows = space().sample(5, seed=9)
    ranked = told(strategy, 3).rank({n: [p[n] for p in rows] for n in rows[0]})
    assert sorted(r.row for r in ranked) == [1, 2, 3, 4, 5]
    assert [r.place for r in ranked] == [1, 2, 3, 4, 5]


def test_a_ranking_of_nothing_is_refused():
    """No candidates, no list."""
    with pytest.raises(BrainError, match="a ranking needs candidates"):
        told(count=0).rank([])


def test_a_proposal_is_replaced_and_keeps_its_id():
    """The person's point is what is told, and the one before is not asked again in the round."""
    brain = told(count=8)
    number, before = brain.ask()[0]
    mine = {"t": 42.0, "solvent": "DMF", "load": 0.3}
    made = brain.replace(number, mine)
    assert brain.pending[number].point == mine
    assert made.reason.startswith("a person's choice, in the place of t=")
    brain.tell(number, {"y": 1.0})
    assert brain.data.observations[-1].point == mine
    assert all(p.point != before.point for _, p in brain.ask(attempt=1))
    with pytest.raises(BrainError, match="is not pending"):
        brain.replace(number, mine)


def test_steps_never_drift():
    """A step of 0.1 is 0.3 and never 0.30000000000000004, in points and in a saved file."""
    brain = told(count=6)
    asked = brain.ask(4)
    loads = [p.point["load"] for _, p in asked] + [p["load"] for p in space().sample(200, seed=5)]
    cube = np.random.default_rng(0).random((200, space().dimension))
    loads += [p["load"] for p in space().decode(cube)]
    assert all(len(repr(value)) <= 3 for value in loads)


def test_a_function_is_given_again_where_a_planner_is_loaded(tmp_path):
    """A file holds no code: the space is given again, and must be the same."""
    made = SearchSpace(Continuous("a", 0, 1), Nonlinear(lambda a: a**2, at_most=0.25, name="sq"))
    brain = Brain(made, Maximize("y"), "sobol", seed=1)
    brain.ask(2)
    brain.save(tmp_path / "b.json")
    with pytest.raises(BrainError, match=r"constraint 'sq <= 0.25', a function, .*space="):
        Brain.load(tmp_path / "b.json")
    with pytest.raises(BrainError, match="another one than that of the planner saved"):
        Brain.load(tmp_path / "b.json", space=space())
    assert Brain.load(tmp_path / "b.json", space=made).pending == brain.pending
