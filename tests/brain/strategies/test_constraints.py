"""Outcome constraints steer the search: to the allowed region first, then to the best in it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from botorch.acquisition.analytic import UpperConfidenceBound
from botorch.acquisition.logei import qLogExpectedImprovement
from torch import Tensor

from labloop.brain import BotorchStrategy, Brain, resolve_strategy
from labloop.brain.acquisition import training_data
from labloop.brain.strategies.skopt import _losses
from labloop.errors import BrainError
from labloop.objectives import Maximize, Minimize, Objectives, OutcomeConstraint, Target
from labloop.records import Dataset, Observation
from labloop.space import Categorical, Continuous, Linear, Mixture, Ordered, Pool, SearchSpace
from labloop.surrogates import GPFactory

BOX = SearchSpace(Continuous("x", 0, 1), Continuous("z", 0, 1))
GRID = [i / 20 for i in range(21)]
SPACES = {
    "box": BOX,
    "pool": SearchSpace(
        Pool({"x": [v for v in GRID for _ in GRID], "z": GRID * len(GRID)}, {"x": "1", "z": "1"})
    ),
    "product": SearchSpace(Ordered("x", GRID), Ordered("z", GRID)),
    "mixed": SearchSpace(
        Continuous("x", 0, 1), Continuous("z", 0, 1), Categorical("cup", ["a", "b"])
    ),
    "mixture": SearchSpace(Mixture(dict.fromkeys(("x", "z", "rest"), (0, 1)))),
}
INSIDE = [(0.1, 0.1), (0.4, 0.2), (0.2, 0.5), (0.3, 0.3), (0.6, 0.3), (0.1, 0.8), (0.8, 0.1)]
OUTSIDE = [(0.7, 0.9), (0.9, 0.6), (0.8, 0.8), (0.6, 0.7), (0.95, 0.95), (0.7, 0.6)]


def outputs(point):
    x, z = float(point["x"]), float(point["z"])
    return {"y": x + z, "c": (x + z) ** 2, "d": x - z}


def data(space, places):
    points = [{"x": x, "z": z} for x, z in places]
    if "cup" in space.names:
        points = [{**point, "cup": "ab"[i % 2]} for i, point in enumerate(points)]
    if "rest" in space.names:
        points = [{**p, "rest": 1 - p["x"] - p["z"]} for p in points if p["x"] + p["z"] <= 1]
    return Dataset(
        tuple(Observation(f"e{i}", point, outputs(point)) for i, point in enumerate(points))
    )


KEPT = OutcomeConstraint("c", at_most=0.7)


def asked(space, places, aims=None, constraints=(KEPT,), strategy="auto", n=2):
    wanted = Objectives.of(aims or Maximize("y"), constraints)
    return resolve_strategy(strategy).propose(space, wanted, data(space, places), (), n, 1)


@pytest.mark.parametrize("name", list(SPACES))
def test_the_search_stays_where_the_constraint_is_kept(name):
    """The aim and c grow together: the best lies where c is 0.7, not where y is largest.

    With results on both sides of the edge the first proposal lies at it.
    """
    first, second = asked(SPACES[name], INSIDE + OUTSIDE).proposals
    assert 0.62 < outputs(first.point)["c"] < 0.75
    assert set(first.predicted) == {"y", "c"}
    assert first.point != second.point


def test_an_edge_without_noise_is_soon_known_to_the_hundredth():
    """Thirteen results without noise tell that there is none: proposals lie at c = 0.7."""
    for proposal in asked(BOX, INSIDE + OUTSIDE).proposals:
        assert outputs(proposal.point)["c"] == pytest.approx(0.7, abs=0.01)


def test_the_known_error_of_what_is_constrained_blurs_the_edge():
    """Told sds of c leave its distance from the bound as uncertain as they are, without not."""
    wanted = Objectives.of(Maximize("y"), (KEPT,))
    edge = torch.tensor([[0.5, 0.3367]], dtype=torch.float64)
    sds = []
    for error in ({}, {"c": 0.3}):
        results = [replace(o, sd=error) for o in data(BOX, INSIDE + OUTSIDE).observations]
        training = training_data(BOX, wanted, Dataset(tuple(results)), 1)
        fitted = GPFactory().fit(training)
        sds.append(float(fitted.slacks.cross_moments(edge, edge, 0)[1].sqrt()))
    assert sds[0] < 0.02
    assert sds[1] > 0.05


@pytest.mark.parametrize(
    "aims",
    [Maximize("y"), Target("y", 0.8, 0.01), [Maximize("y"), Minimize("d")]],
    ids=["one aim", "a target", "two aims"],
)
def test_until_one_keeps_them_the_search_goes_for_the_allowed_region(aims):
    """Nothing told keeps c at most 0.7; the next batch goes to where it falls, apart."""
    batch = asked(BOX, OUTSIDE, aims, n=3)
    assert batch.proposals[0].acquisition.endswith("LogProbabilityOfFeasibility")
    assert min(outputs(p.point)["c"] for p in batch.proposals) < 0.7
    rows = np.array([[p.point["x"], p.point["z"]] for p in batch.proposals])
    assert min(np.abs(rows[i] - rows[j]).max() for i in range(3) for j in range(i)) > 0.01


def test_two_aims_with_a_constraint():
    """The front is looked for where it is allowed, once the edge has been met."""
    batch = asked(BOX, INSIDE + OUTSIDE[:2], [Maximize("y"), Maximize("d")], n=3)
    assert {p.acquisition for p in batch.proposals} == {"LogNoisyEHVI"}
    assert all(outputs(p.point)["c"] < 1.1 for p in batch.proposals)


def test_a_band_and_an_aim_on_one_output():
    """Two bounds, one of them on the output that is maximised."""
    bounds = [OutcomeConstraint("y", at_most=0.9), OutcomeConstraint("d", at_least=0, at_most=0.2)]
    batch = asked(BOX, INSIDE, constraints=bounds, n=1)
    for proposal in batch.proposals:
        found = outputs(proposal.point)
        assert found["y"] < 1.0
        assert -0.1 < found["d"] < 0.3


def test_skopt_knows_them_too():
    """What breaks a constraint is a loss greater than all that do not."""
    losses = _losses(
        Objectives.of(Maximize("y"), [KEPT]), data(BOX, INSIDE + OUTSIDE).observations, 1
    )
    assert losses[: len(INSIDE)][
        [outputs({"x": x, "z": z})["c"] <= 0.7 for x, z in INSIDE]
    ].max() < (losses[len(INSIDE) :].min())
    assert asked(BOX, INSIDE + OUTSIDE, strategy="skopt").proposals


def test_space_constraints_and_outcome_constraints_go_together():
    """One says where to go, the other what must come out."""
    space = SearchSpace(
        Continuous("x", 0, 1), Continuous("z", 0, 1), Linear({"x": 1, "z": -1}, ">=", 0)
    )
    batch = asked(space, [(x, z) for x, z in INSIDE if x >= z], n=1)
    assert all(space.contains(p.point) for p in batch.proposals)
    assert all(outputs(p.point)["c"] < 0.9 for p in batch.proposals)


def test_an_acquisition_of_a_persons_own():
    """One in logarithms is weighed by the constraints, another is refused with a sentence."""

    def own(context):
        return qLogExpectedImprovement(
            context.model, best_f=context.best, objective=context.objective
        )

    strategy = BotorchStrategy(acquisition=own)
    batch = asked(BOX, INSIDE, strategy=strategy, n=1)
    assert all(outputs(p.point)["c"] < 0.9 for p in batch.proposals)

    class Plain(UpperConfidenceBound):
        def forward(self, X: Tensor) -> Tensor:  # noqa: N803 - botorch's name
            raise AssertionError("never asked")

    def plain(context):
        return Plain(context.model.subset_output([0]), beta=1.0)

    with pytest.raises(BrainError, match="'plain' gives no logarithms"):
        asked(BOX, INSIDE, strategy=BotorchStrategy(acquisition=plain))


def test_a_planner_with_constraints_is_saved_and_goes_on_with_the_same_bits(tmp_path):
    """The file holds them; loaded, the next proposal is the same."""
    brain = Brain(BOX, Maximize("y"), seed=3, constraints=[KEPT])
    brain.tell_past([{"x": x, "z": z, **outputs({"x": x, "z": z})} for x, z in INSIDE])
    brain.save(tmp_path / "brain.json")
    again = Brain.load(tmp_path / "brain.json")
    assert again.objective == brain.objective
    assert again.ask()[0][1].point == brain.ask()[0][1].point
    assert brain.best().outputs["c"] <= 0.7
    assert [row["feasible"] for row in brain.records()] == [
        row["c"] <= 0.7 for row in brain.records()[: len(INSIDE)]
    ]
    with pytest.raises(BrainError, match=r"the objective needs \['c'\]"):
        brain.tell(next(iter(brain.pending)), {"y": 1.0})
