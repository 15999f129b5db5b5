"""A pool of a hundred thousand rows more is searched as well as one of a hundred thousand less."""

import numpy as np
import pytest
import torch

from labloop.brain import AcquisitionContext, LogNoisyEI, improvement, resolve_strategy
from labloop.brain.acquisition import optimize as _optimize
from labloop.brain.acquisition.failures import FailureModel
from labloop.brain.acquisition.functions import Weighted
from labloop.brain.acquisition.optimize import (
    _best_by_bound,
    _best_near_a_sample,
    best_in_list,
    values_at,
)
from labloop.brain.acquisition.training import training_data
from labloop.errors import SpaceError
from labloop.objectives import Maximize, Objectives
from labloop.records import Dataset, Observation
from labloop.space import Categorical, Pool, SearchSpace
from labloop.surrogates import GPFactory, spread_of

ROWS = 120_000
AIM = Objectives.of(Maximize("y"))


@pytest.fixture(scope="module")
def numbers():
    return np.random.default_rng(0).random((ROWS, 3)).round(6)


@pytest.fixture(scope="module")
def space(numbers):
    columns = {f"x{i}": numbers[:, i].tolist() for i in range(3)}
    return SearchSpace(Pool(columns, dict.fromkeys(columns, "1")))


@pytest.fixture(scope="module")
def data(space):
    points = [space.candidates().point(i) for i in range(12)]
    return Dataset(
        tuple(
            Observation(f"e{i}", p, {"y": -sum((v - 0.4) ** 2 for v in p.values())})
            for i, p in enumerate(points)
        )
    )


@pytest.fixture(scope="module")
def acquisition(space, data):
    training = training_data(space, AIM, data, 1)
    context = AcquisitionContext(
        model=GPFactory().fit(training).model,
        over="outputs",
        baseline=training.encoded,
        scores=training.scores,
        objectives=AIM,
        feasible=torch.ones(len(training.scores), dtype=torch.bool),
        spread=spread_of(training.outputs),
        pending=None,
        seed=1,
    )
    return improvement(context)


@pytest.fixture(scope="module")
def rows(space):
    return torch.from_numpy(np.array(space.candidates().encoded[:20_000]))


def test_a_long_list_is_scored_whole_where_values_have_a_bound(
    acquisition, space, rows, monkeypatch
):
    """The answer by bounds is that of asking every row, also where experiments failed."""
    assert isinstance(acquisition, LogNoisyEI)
    monkeypatch.setattr(_optimize, "_WHOLE", 10_000)
    worked = torch.tensor([1.0] * 9 + [0.0] * 3, dtype=torch.float64)
    failures = FailureModel(rows[:12], worked, space.features)
    failing = Weighted(acquisition, failures.log_weight)
    for asked in (acquisition, failing):
        with torch.no_grad():
            values = values_at(asked, rows)
            bounds = torch.cat([asked.bound(p.unsqueeze(-2)) for p in rows.split(4096)])
        assert bool((bounds >= values - 1e-9).all())
        none = torch.zeros(len(rows), dtype=torch.float64)
        assert _best_by_bound(asked, asked.bound, rows, none) == int(values.argmax())
        assert values[best_in_list(asked, rows, np.ones(len(rows)), 3)] >= values.max() - 1e-5


def test_without_a_bound_the_best_is_found_near_a_sample(acquisition, rows):
    """Less than half of the rows is looked at, and none is much better than the one found."""
    values = values_at(acquisition, rows)
    none = torch.zeros(len(rows), dtype=torch.float64)
    for seed in range(3):
        found = _best_near_a_sample(acquisition, rows, none, seed)
        assert int((values > values[found]).sum()) <= 3
        assert found == _best_near_a_sample(acquisition, rows, none, seed)


def test_nothing_changes_at_a_hundred_thousand_rows(space, data):
    """What is proposed of a long pool is what the rows alone would say, never tried ones."""
    assert (space.kind, space.size) == ("pool", ROWS)
    proposal = resolve_strategy("auto").propose(space, AIM, data, (), 2, 1).proposals
    assert all(sum((v - 0.4) ** 2 for v in p.point.values()) < 0.05 for p in proposal)
    assert proposal[0].point != proposal[1].point
    assert all(p.point not in [o.point for o in data.observations] for p in proposal)


def test_a_long_table_is_read_cell_by_cell_only_where_it_must_be(numbers):
    """Texts that are numbers, names and mistakes mean what they mean in a short table."""
    texts = {"a": [str(v) for v in numbers[:50, 0]], "b": ["x ", "y"] * 25}
    pool = Pool(texts, {"a": "1", "b": Categorical})
    assert pool.table["a"] == tuple(numbers[:50, 0].tolist())
    assert set(pool.table["b"]) == {"x", "y"}
    columns = {"a": [*numbers[:, 0].tolist(), 2.0, 2.0]}
    with pytest.raises(SpaceError, match="must hold finite numbers, got inf"):
        Pool({"a": [*columns["a"][:-1], float("inf")]}, {"a": "1"})
    with pytest.raises(SpaceError, match="must hold finite numbers, got True"):
        Pool({"a": [*columns["a"][:-1], True]}, {"a": "1"})
    with pytest.raises(SpaceError, match=r"must hold names, got \[1\]"):
        Pool({"a": ["x", [1]]}, {"a": Categorical})
    with pytest.raises(SpaceError, match="rows 3 and 4 of the pool are the same"):
        Pool({"a": [1, 3, 2, 2.0]}, {"a": "1"})


def test_the_start_hangs_on_what_rows_hold_and_not_on_how_many_there_are(numbers):
    """Some rows more, in another order: a campaign begins at the same one, or at a new one."""
    columns = {"x": "1", "z": "1"}
    short = numbers[:5000]
    more = np.random.default_rng(1).permutation(numbers[:5500])

    def begin(table, seed):
        space = SearchSpace(Pool({"x": table[:, 0].tolist(), "z": table[:, 1].tolist()}, columns))
        made = resolve_strategy("sobol").propose(space, AIM, Dataset(), (), 1, seed)
        return tuple(made.proposals[0].point.values())

    pairs = [(begin(short, seed), begin(more, seed)) for seed in range(6)]
    known = {tuple(row[:2]) for row in short.tolist()}
    assert all(b == a or b not in known for a, b in pairs)
    assert sum(a == b for a, b in pairs) >= 3
    assert len({a for a, _ in pairs}) == 6
