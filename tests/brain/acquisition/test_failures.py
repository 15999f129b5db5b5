"""Failures teach where to stay away, in numbers for the search and in words for people."""

import math

import pytest
import torch

from labloop.brain import Brain
from labloop.brain.acquisition import FailureModel, failures_told, purpose_of
from labloop.brain.observations import failure_rule
from labloop.objectives import Maximize, Objectives, OutcomeConstraint
from labloop.records import Observation, Prediction
from labloop.space import Categorical, Continuous, SearchSpace

BOX = SearchSpace(Continuous("x", 0, 1), Continuous("z", 0, 100, unit="degC"))
FAILED = [(0.1, 0.1), (0.1, 0.9), (0.2, 0.5)]
DONE = [(0.9, 0.1), (0.8, 0.9), (0.9, 0.5), (0.7, 0.4)]


def model(failed=FAILED, done=DONE):
    rows = torch.tensor([*done, *failed], dtype=torch.float64)
    worked = torch.tensor([1.0] * len(done) + [0.0] * len(failed), dtype=torch.float64)
    return FailureModel(rows, worked, BOX.features)


def observed(failed, done, name="z", **more):
    made = [{"x": 0.5, "z": 50.0, **more, name: value} for value in (*failed, *done)]
    return [Observation(f"e{i}", p, failed=i < len(failed)) for i, p in enumerate(made)]


def test_the_odds_follow_the_side_that_failed():
    """High where experiments worked, low where they failed, and even in between."""
    found = model().log_odds(torch.tensor([[0.85, 0.5], [0.12, 0.5], [0.45, 0.45]]).double())
    assert found[0] > 1.0
    assert found[1] < -1.0
    assert found[1] < found[2] < found[0]


def test_no_region_is_closed_for_good():
    """The odds are bounded, so that a great promise may still outweigh them."""
    found = model().log_odds(torch.rand(200, 2, dtype=torch.float64))
    assert bool((found.abs() < 15.0).all())


def test_more_failures_allow_less_risk():
    """About one in seven may fail; who failed often is careful, who seldom did tries more."""
    careful = model()
    assert careful.risk < 0.06
    many = [(0.6 + 0.04 * i, 0.1 * i) for i in range(9)]
    bold = model(FAILED[:1], many)
    assert bold.risk == pytest.approx(0.13 * math.exp(0.25))
    here = torch.tensor([[0.45, 0.45]]).double()
    careful_risk, careful.risk = careful.risk, bold.risk
    allowed = careful.log_weight(here)
    careful.risk = careful_risk
    assert careful.log_weight(here) < allowed
    assert model([*FAILED, *((0.1, 0.05 * i) for i in range(20))]).risk == 0.03


def test_an_edge_is_known_where_nobody_was():
    """What failed beyond a line tells of the same line elsewhere, by the trend."""
    failed = [(0.8, 0.4), (0.7, 0.5), (0.6, 0.6), (0.9, 0.3)]
    done = [(0.6, 0.3), (0.5, 0.4), (0.4, 0.5), (0.7, 0.2)]
    found = model(failed, done).log_odds(torch.tensor([[0.0, 0.8], [0.35, 1.0]]).double())
    assert found[0] > 1.0
    assert found[1] < -0.5


def test_of_many_experiments_those_at_the_edge_are_known():
    """Of 600 experiments no more than 120 are learned from, and the edge is where it was."""
    rows = torch.rand(600, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    worked = (rows[:, 0] + 0.5 * rows[:, 1] < 0.9).double()
    made = FailureModel(rows, worked, BOX.features)
    assert len(made._base) == 120
    asked = torch.rand(400, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    away = asked[:, 0] + 0.5 * asked[:, 1] - 0.9
    clear = away.abs() > 0.04
    assert bool(((made.log_odds(asked) > 0) == (away < 0))[clear].all())


def test_a_cliff_is_approached_and_rarely_crossed():
    """The optimum lies on the edge of what works: most proposals work, the best is near it."""
    space = SearchSpace(Continuous("x", 0, 1), Continuous("z", 0, 1))
    brain = Brain(space, Maximize("y"), seed=1)
    failed, best = 0, -math.inf
    for _ in range(20):
        ((number, proposal),) = brain.ask()
        x, z = proposal.point["x"], proposal.point["z"]
        if (x - 0.9) ** 2 + (z - 0.8) ** 2 < 0.16:
            failed += 1
            brain.tell(number, None)
        else:
            best = max(best, 1 - (x - 0.7) ** 2 - (z - 0.6) ** 2)
            brain.tell(number, {"y": best})
    assert failed <= 5
    assert best > 0.95
    assert f"stays away from {failed} that failed" in proposal.reason


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (observed([80, 66], [10, 65, 30]), "fails above 65 degC of z"),
        (observed([8, 6], [10, 65, 30]), "fails below 10 degC of z"),
        (observed([80, 20], [10, 65, 30]), ""),
        (observed([80], [10, 65, 30]), ""),
        (observed([], [10, 65, 30]), ""),
    ],
)
def test_a_plain_rule_is_told(told, words):
    """Where one number tells failures from results it is said, and nothing is made up."""
    assert failure_rule(BOX, told) == words


def test_categories_that_always_fail_are_named():
    """A category with which all failed and none worked."""
    space = SearchSpace(Continuous("x", 0, 1), Categorical("acid", ["a", "b", "c"]))
    told = observed(["a", "a"], ["b", "c", "b"], name="acid")
    assert failure_rule(space, told) == "fails with acid a"
    assert failures_told(space, told) == "; stays away from 2 that failed: it fails with acid a"
    assert failure_rule(space, observed(["a", "b"], ["b", "c"], name="acid")) == ""


def test_a_proposal_says_what_it_is_for():
    """To improve, to learn, or to find where results keep what they must."""
    wanted = Objectives.of(Maximize("y"), [OutcomeConstraint("c", at_most=1)])
    known = [Observation("e0", {}, {"y": 1.0, "c": 0.5}), Observation("e1", {}, {"y": 5.0, "c": 2})]

    def said(y, c, known=known):
        at = {n: Prediction(v, 1.0, v - 1.6, v + 1.6) for n, v in (("y", y), ("c", c))}
        return purpose_of(wanted, known, at)

    assert said(2.0, 0.9).startswith("to improve")
    assert said(0.5, 0.9).startswith("to learn: worse")
    assert said(2.0, 1.1).endswith("perhaps not allowed")
    assert said(2.0, 0.9, known[1:]) == "to find where results have c at most 1"
