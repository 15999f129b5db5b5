"""The problems of the intervals: labs, boxes with and without noise, pools of real measurements.

Settings were chosen by those called ``tune`` alone. Of each problem 200 points at random are held
out and those of another 2000 (of a pool: of all) whose noise-free value is in the best tenth.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from benchmarks.physics.further.labs import FURTHER
from benchmarks.physics.labs import LABS, Lab
from benchmarks.planner.data_problems import PROBLEMS as POOLS
from labloop.objectives import Maximize, Objectives
from labloop.records import FloatArray, Point
from labloop.space import Continuous, SearchSpace
from labloop.testing.strategies import Problem, builtin_problems

Group = Literal["tune", "report"]
OUTPUT = "value"
OBJECTIVE = Objectives.of(Maximize(OUTPUT))
HELD_OUT, LOOKED_AT, TOP = 200, 2000, 0.1
_MASTER = 20261202
_NOISES = (0.0, 0.1, 0.3)
_POOLS = ("crossed_barrel", "suzuki", "hplc", "buchwald_a", "fullerenes", "direct_arylation")
_TUNING = ("branin", "hartmann6", "crossed_barrel", "suzuki", "hplc")


@dataclass(frozen=True)
class Setting:
    """One problem: where, how noisy, what is true."""

    name: str
    kind: Literal["lab", "box", "pool"]
    group: Group
    space: SearchSpace
    truth: Callable[[Sequence[Point]], FloatArray]
    noise: float
    """Standard deviation of a measurement, in the unit of the values."""
    batch: int = 1
    every: tuple[Point, ...] = ()
    """All points of a pool; empty for a space that goes on."""


@dataclass(frozen=True)
class HeldOut:
    """What is foretold: points with a new measurement of each, and those of the best tenth."""

    points: tuple[Point, ...]
    measured: FloatArray
    top: tuple[Point, ...]
    top_measured: FloatArray
    spread: float
    """Standard deviation of the noise-free values over the space."""

    def without(self, learned: Sequence[Point]) -> "HeldOut":
        """Return the same without the points that a model learned from (of a pool)."""
        gone = {tuple(point.values()) for point in learned}
        kept, top = (
            [i for i, point in enumerate(points) if tuple(point.values()) not in gone]
            for points in (self.points, self.top)
        )
        return HeldOut(
            tuple(self.points[i] for i in kept),
            self.measured[kept],
            tuple(self.top[i] for i in top),
            self.top_measured[top],
            self.spread,
        )


def rosenbrock(row: FloatArray) -> float:
    """Return minus the logarithm of 1 + Rosenbrock's function of a row in [-2, 2]."""
    valley = 100.0 * (row[1:] - row[:-1] ** 2) ** 2 + (1.0 - row[:-1]) ** 2
    return -math.log1p(float(valley.sum()))


@cache
def settings() -> dict[str, Setting]:
    """Return every problem by name."""
    labs = [_of_lab(lab) for lab in (*LABS.values(), *FURTHER.values())]
    boxes = [made for box in _boxes() for made in box]
    return {one.name: one for one in (*labs, *boxes, *map(_of_pool, _POOLS))}


@cache
def held_out(name: str) -> HeldOut:
    """Return what is foretold of a problem."""
    one = settings()[name]
    random = np.random.default_rng([_MASTER, *map(ord, name)])
    if one.every:
        points = [one.every[i] for i in random.permutation(len(one.every))]
    else:
        points = one.space.decode(random.random((HELD_OUT + LOOKED_AT, one.space.dimension)))
    values = one.truth(points)
    measured = values + one.noise * random.standard_normal(len(values))
    first = 0 if one.every else HELD_OUT
    best = first + np.flatnonzero(values[first:] >= np.quantile(values[first:], 1.0 - TOP))
    return HeldOut(
        tuple(points[:HELD_OUT]),
        measured[:HELD_OUT],
        tuple(points[i] for i in best),
        measured[best],
        float(values.std()),
    )


def _of_lab(lab: Lab) -> Setting:
    return Setting(lab.name, "lab", lab.group, lab.space, lab.value, lab.sd(OUTPUT))


def _boxes() -> list[list[Setting]]:
    known = builtin_problems()
    four = SearchSpace(*[Continuous(f"x{i}", -2.0, 2.0) for i in range(1, 5)])
    found: list[tuple[str, SearchSpace, Callable[[Point], float]]] = [
        (name, known[name].space, known[name].truth) for name in ("branin", "hartmann6", "ackley5")
    ]
    found.append(
        ("rosenbrock4", four, lambda p: rosenbrock(np.array([float(v) for v in p.values()])))
    )
    return [[_of_box(*box, noise) for noise in _NOISES] for box in found]


def _of_box(
    name: str, space: SearchSpace, truth: Callable[[Point], float], noise: float
) -> Setting:
    def values(points: Sequence[Point]) -> FloatArray:
        return np.array([truth(point) for point in points])

    random = np.random.default_rng(_MASTER)
    spread = float(values(space.decode(random.random((LOOKED_AT, space.dimension)))).std())
    group: Group = "tune" if name in _TUNING else "report"
    return Setting(f"{name}-{noise:g}", "box", group, space, values, noise * spread)


def _of_pool(name: str) -> Setting:
    made: Problem = POOLS[name]()
    listed = made.space.candidates()
    every = [] if listed is None else made.space.decode(listed.encoded)
    group: Group = "tune" if name in _TUNING else "report"
    return Setting(
        name,
        "pool",
        group,
        made.space,
        lambda points: np.array([made.truth(point) for point in points]),
        0.0,
        made.batch,
        tuple(every),
    )
