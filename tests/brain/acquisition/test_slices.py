"""A fit leaves slices for the report: along each parameter, through the best experiment."""

import pytest

from labloop.brain import resolve_strategy
from labloop.objectives import Maximize, Objectives
from labloop.records import Dataset, Observation
from labloop.space import Categorical, Continuous, Integer, Ordered, SearchSpace

SPACE = SearchSpace(
    Continuous("t", 30, 120, unit="degC"),
    Continuous("r", 0.5, 5, log=True),
    Continuous("s", 0, 1, step=0.25),
    Ordered("o", [1.0, 2.0, 8.0], unit="bar"),
    Integer("n", 1, 5),
    Categorical("c", ["a", "b"]),
)


def value(point):
    """Return something that has its best away from the edges."""
    return -(((point["t"] - 60) / 50) ** 2) - (point["c"] == "b") + 0.1 * point["n"]


def test_every_parameter_has_a_slice_through_the_best_point():
    """All places legal, intervals around the mean, and the line passes near what was seen."""
    points = SPACE.sample(12, 3)
    seen = [Observation(f"e{i}", p, outputs={"y": value(p)}) for i, p in enumerate(points)]
    aims = Objectives.of(Maximize("y"))
    batch = resolve_strategy("botorch").propose(SPACE, aims, Dataset(tuple(seen)), [], 1, 7)
    found = {row["parameter"]: row for row in batch.fit_report["slices"]}
    assert set(found) == set(SPACE.names)
    assert {row["output"] for row in found.values()} == {"y"}
    best = max(seen, key=lambda o: o.outputs["y"])
    for name, row in found.items():
        for place in row["x"]:
            SPACE.validate({**best.point, name: place})
        for low, mean, high in zip(row["low"], row["mean"], row["high"], strict=True):
            assert low <= mean <= high
    assert (found["t"]["x"][0], found["t"]["x"][-1]) == (30.0, 120.0)
    assert found["t"]["unit"] == "degC"
    at = found["c"]["x"].index(best.point["c"])
    assert found["c"]["mean"][at] == pytest.approx(best.outputs["y"], abs=0.3)
