"""What is worse than a threshold is worth nothing, and the planner knows it."""

import pytest

from labloop.brain import Brain, resolve_strategy
from labloop.objectives import Maximize, Minimize, Objectives
from labloop.records import Dataset, Observation
from labloop.space import Categorical, Continuous, Ordered, Pool, SearchSpace

BOX = SearchSpace(Continuous("x", 0, 1), Continuous("z", 0, 1))
GRID = [i / 20 for i in range(21)]
SHELF = SearchSpace(
    Pool({"x": [v for v in GRID for _ in GRID], "z": GRID * len(GRID)}, {"x": "1", "z": "1"})
)
PRODUCT = SearchSpace(Ordered("x", GRID), Ordered("z", GRID))
MIXED = SearchSpace(Continuous("x", 0, 1), Continuous("z", 0, 1), Categorical("cup", ["a", "b"]))
TOLD = [(0.7, 0.4), (0.05, 0.95), (0, 0.05), (0.95, 0.95), (0.5, 0.9), (0.3, 0.6), (0.6, 0.2)]


def y(x, z):
    return x - 0.1 * abs(z - 0.5)


def c(x, z):
    return x**2 + 0.1 * abs(z - 0.5)


def data(space):
    points = [{"x": x, "z": z} for x, z in TOLD]
    if "cup" in space.names:
        points = [{**point, "cup": "a"} for point in points]
    return Dataset(
        tuple(Observation(f"e{i}", point, outputs(point)) for i, point in enumerate(points))
    )


def asked(space, aims, strategy="auto", n=2):
    batch = resolve_strategy(strategy).propose(space, Objectives.of(aims), data(space), (), n, 1)
    return [outputs(proposal.point) for proposal in batch.proposals]


def worth(made):
    return sum(o["y"] >= 0.7 and o["c"] <= 0.85 for o in made)


def outputs(point):
    x, z = point["x"], point["z"]
    # As many outputs as aims of any test here; the last ones say the same in other words.
    return {
        "y": y(x, z),
        "c": c(x, z),
        "y2": 2 * y(x, z),
        "c2": 2 * c(x, z),
        "y3": 3 * y(x, z),
    }


def wanted(given):
    return [
        Maximize("y", threshold=0.7 if given else None),
        Minimize("c", threshold=0.85 if given else None),
    ]


@pytest.mark.parametrize(
    ("space", "strategy"),
    [(BOX, "auto"), (SHELF, "auto"), (PRODUCT, "botorch"), (MIXED, "auto"), (BOX, "skopt")],
    ids=["box", "pool", "grid", "mixed", "skopt"],
)
def test_the_search_goes_where_results_are_worth_something(space, strategy):
    """Nothing told meets both thresholds; one of the next three does."""
    assert worth(asked(space, wanted(given=True), strategy, 3)) >= 1


def test_proposals_hang_on_the_thresholds():
    """The same results with and without them lead to other places of a pool."""
    assert asked(SHELF, wanted(given=True)) != asked(SHELF, wanted(given=False))


def test_more_than_four_aims_have_thresholds_too():
    """Beyond the hypervolume the least of all aims leads into the region."""
    aims = [*wanted(given=True), Maximize("y2", 1.4), Minimize("c2", 1.7), Maximize("y3")]
    assert worth(asked(BOX, aims)) >= 1


def test_best_and_front_leave_out_what_breaks_a_threshold():
    """Until something meets them all, nothing is best."""
    brain = Brain(BOX, wanted(given=True), "random")
    for x, z in TOLD:
        number, _ = brain.ask()[0]
        brain.tell(number, outputs({"x": x, "z": z}), point={"x": x, "z": z})
    assert brain.best() is None
    assert brain.front() == ()
    point = {"x": 0.8, "z": 0.5}
    number, _ = brain.ask()[0]
    brain.tell(number, outputs(point), point=point)
    assert brain.best().point == point
    assert [o.point for o in brain.front()] == [point]
    assert len(Objectives.of(wanted(given=False)).pareto(brain.data)) > 1
