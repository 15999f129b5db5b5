"""What experiments take: learned from durations or stated, and weighed in every proposal."""

import numpy as np
import pytest

from labloop import Categorical, Continuous, Maximize, SearchSpace
from labloop.brain import AutoStrategy, EffortRule, SobolStrategy, with_effort
from labloop.brain.acquisition import learned_effort
from labloop.errors import BrainError
from labloop.objectives import Objectives
from labloop.records import Dataset, Observation, Point

SPACE = SearchSpace(
    Continuous("temperature", 20, 120, unit="degC"),
    Continuous("flow", 0.1, 10, log=True),
    Categorical("solvent", ["a", "b"]),
)
AIM = Objectives.of(Maximize("y"))


def seconds(before: Point | None, point: Point) -> float:
    """Return heating by 1 K in 10 s, cooling in 30 s, a volume by its flow, half an hour a wash."""
    last = before or {"temperature": 20.0, "flow": 1.0, "solvent": "a"}
    step = float(point["temperature"]) - float(last["temperature"])
    wash = 1800.0 if point["solvent"] != last["solvent"] else 0.0
    return 300.0 + max(10 * step, -30 * step) + 600.0 / float(point["flow"]) + wash


def carried_out(points: list[Point]) -> tuple[Observation, ...]:
    before: Point | None = None
    made = []
    for i, point in enumerate(points):
        y = 1.0 - ((float(point["temperature"]) - 70) / 50) ** 2
        made.append(Observation(str(i), point, outputs={"y": y}, seconds=seconds(before, point)))
        before = point
    return tuple(made)


def test_durations_are_learned_with_the_way_between() -> None:
    """From 25 experiments, what another takes is foretold within a fifth on most."""
    import torch

    seen = carried_out(SPACE.sample(25, 1))
    effort = learned_effort(EffortRule(), SPACE, seen)
    assert effort is not None
    others = SPACE.sample(40, 2)
    rows = torch.from_numpy(np.asarray(SPACE.encode(others)))
    right = []
    for before, point, row, there in zip(others, others[1:], rows, rows[1:], strict=False):
        foretold = float((-effort.log_weight(there[None], row)).exp()[0]) * 3600
        right.append(abs(foretold / seconds(before, point) - 1) < 0.2)
    assert np.mean(right) > 0.75


def test_proposals_go_where_the_way_is_short() -> None:
    """The same data: the planner of improvement per hour asks for what takes less time."""
    seen = carried_out(SPACE.sample(14, 3))
    timed = with_effort(AutoStrategy(), EffortRule())
    took = {"timed": 0.0, "plain": 0.0}
    for seed in range(3):
        for name, strategy in (("timed", timed), ("plain", AutoStrategy())):
            batch = strategy.propose(SPACE, AIM, Dataset(seen), (), 1, seed)
            took[name] += seconds(seen[-1].point, batch.proposals[0].point)
            told = "improvement per hour, learned from 14 durations"
            assert (told in batch.proposals[0].reason) == (name == "timed")
    assert took["timed"] < took["plain"]


def test_a_stated_cost_counts_and_the_end_of_its_budget_is_planned_for() -> None:
    """Dear experiments are asked for less, and none that what is left cannot pay."""

    def price(point: Point) -> float:
        return 1.0 + 9.0 * (point["solvent"] == "b")

    seen = carried_out(SPACE.sample(8, 4))
    spent = sum(price(o.point) for o in seen)
    strategy = with_effort(AutoStrategy(), EffortRule(price, limit=spent + 3.0))
    for seed in range(3):
        batch = strategy.propose(SPACE, AIM, Dataset(seen), (), 1, seed)
        assert batch.proposals[0].point["solvent"] == "a"


def paid(point: Point, before: Point | None) -> float:
    """Return the price of a solvent, 20 for another one, and 0.1 a kelvin of heating."""
    other = before is not None and before["solvent"] != point["solvent"]
    heated = 0.0 if before is None else float(point["temperature"]) - float(before["temperature"])
    return 2.0 + 3.0 * (point["solvent"] == "b") + 20.0 * other + max(0.0, 0.1 * heated)


def test_changing_over_has_its_price() -> None:
    """What a stated cost says of the way is foretold within a tenth, and the way kept short."""
    import torch

    seen = carried_out(SPACE.sample(9, 6))
    rule = EffortRule(paid, changeover=True)
    effort = learned_effort(rule, SPACE, seen)
    assert effort is not None
    others = SPACE.sample(40, 2)
    rows = torch.from_numpy(np.asarray(SPACE.encode(others)))
    right = []
    for before, point, row, there in zip(others, others[1:], rows, rows[1:], strict=False):
        foretold = float((-effort.log_weight(there[None], row)).exp()[0])
        right.append(abs(foretold / paid(point, before) - 1) < 0.1)
    assert np.mean(right) > 0.8
    thrifty, last = with_effort(AutoStrategy(), rule), seen[-1].point
    for seed in range(3):
        batch = thrifty.propose(SPACE, AIM, Dataset(seen), (), 2, seed)
        assert {p.point["solvent"] for p in batch.proposals} == {last["solvent"]}
        assert "improvement per cost, change-over included" in batch.proposals[0].reason


def test_what_was_spent_counts_each_way() -> None:
    """The end of a budget is planned for with the change-over of what was done."""
    points = [o.point for o in carried_out(SPACE.sample(6, 7))]
    ways = zip(points, [None, *points], strict=False)
    assert EffortRule(paid, changeover=True).spent(points) == sum(paid(p, b) for p, b in ways)
    assert EffortRule(lambda point: 2.0).spent(points) == 12.0
    assert EffortRule().spent(points) == 0.0


def test_who_does_not_weigh_it_says_so() -> None:
    """A strategy that learns nothing cannot."""
    with pytest.raises(BrainError, match="'sobol' does not weigh what experiments take"):
        with_effort(SobolStrategy(), EffortRule())


def test_without_durations_nothing_changes() -> None:
    """Few or no durations: the proposal is that of the planner that ignores time."""
    seen = tuple(
        Observation(o.experiment_id, o.point, outputs=o.outputs)
        for o in carried_out(SPACE.sample(8, 5))
    )
    timed = with_effort(AutoStrategy(), EffortRule())
    assert timed.propose(SPACE, AIM, Dataset(seen), (), 1, 0).proposals == (
        AutoStrategy().propose(SPACE, AIM, Dataset(seen), (), 1, 0).proposals
    )
