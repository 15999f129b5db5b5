"""The order of a table's rows says nothing about chemistry, and decides nothing."""

import itertools

import numpy as np

from labloop.brain import resolve_strategy
from labloop.objectives import Maximize, Objectives
from labloop.records import Dataset
from labloop.space import Categorical, Pool, SearchSpace

WANTED = Objectives.of(Maximize("y"))
ROWS = [
    dict(zip("abc", combination, strict=True))
    for combination in itertools.product("pqrst", repeat=3)
]


def space(rows):
    columns = {name: "1" if name in "xw" else Categorical for name in rows[0]}
    return SearchSpace(Pool({name: [row[name] for row in rows] for name in rows[0]}, columns))


def start(rows, seed, n=3):
    batch = resolve_strategy("auto").propose(space(rows), WANTED, Dataset(()), (), n, seed)
    return [dict(p.point) for p in batch.proposals]


def test_equally_far_rows_are_drawn_by_the_seed():
    """Of rows that differ in every category all are equally far away: no place is preferred."""
    seconds = [ROWS.index(start(ROWS, seed)[1]) for seed in range(60)]
    assert len(set(seconds)) > 30
    assert 45 < np.mean(seconds) < 79


def test_the_start_differs_in_every_category():
    """Three rows of three categories of five levels repeat no level."""
    for seed in range(10):
        for name in "abc":
            assert len({row[name] for row in start(ROWS, seed)}) == 3


def test_numbers_in_another_order_give_the_same_start():
    """The draw hangs on what a row holds."""
    rows = [{"x": float(i), "w": float(i % 7)} for i in range(40)]
    mixed = [rows[i] for i in np.random.default_rng(0).permutation(40)]
    assert start(rows, 4) == start(mixed, 4)
