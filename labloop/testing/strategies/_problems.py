"""Problems with known optima: test functions, and pools of real measurements."""

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from labloop.errors import BrainError
from labloop.objectives import Maximize, Objectives
from labloop.records import FloatArray, Point
from labloop.space import Categorical, Continuous, Ordered, Pool, SearchSpace

OUTPUT = "y"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An optimisation problem whose optimum is known."""

    name: str
    space: SearchSpace
    truth: Callable[[Point], float]
    """The noiseless value of a legal point, to be maximised."""
    target: float
    """A run hits when the noiseless value of one of its points is at least this."""
    budget: int
    batch: int = 1
    start: int = 5
    """Number of random points at the start, the same for all methods."""
    noise: float = 0.0
    """Standard deviation of a measurement."""
    family: str = ""
    """Problems of one family share their starts; empty for a family of its own."""
    objective: Objectives = field(default_factory=lambda: Objectives.of(Maximize(OUTPUT)))

    def measure(self, point: Point, seed: int) -> float:
        """Return one measurement, the same for the same seed."""
        value = self.truth(point)
        if self.noise:
            value += self.noise * float(np.random.default_rng(seed).standard_normal())
        return value


def branin(point: Point) -> float:
    """Return the negative Branin function of ``x1`` in [-5, 10], ``x2`` in [0, 15]."""
    x, y = float(point["x1"]), float(point["x2"])
    bowl = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return -(bowl**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


_HARTMANN_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)
_HARTMANN_C = np.array([1.0, 1.2, 3.0, 3.2])
_LEVELS = ("a", "b", "c", "d", "e")


def hartmann(row: FloatArray) -> float:
    """Return the negative six-dimensional Hartmann function of a row in the unit cube."""
    inner = (_HARTMANN_A * (row - _HARTMANN_P) ** 2).sum(1)
    return float(_HARTMANN_C @ np.exp(-inner))


def _hartmann_box(point: Point) -> float:
    return hartmann(np.array([float(point[f"x{i}"]) for i in range(1, 7)]))


def _hartmann_mixed(point: Point) -> float:
    """Two of the six inputs are categories of five names, in no order of their levels."""
    hidden = (0.45, 0.05, 0.85, 0.25, 0.65)
    row = [float(point[f"x{i}"]) for i in range(1, 5)]
    row += [hidden[_LEVELS.index(str(point[f"x{i}"]))] for i in (5, 6)]
    return hartmann(np.array(row))


def ackley(point: Point) -> float:
    """Return the negative Ackley function of ``x1`` ... ``x5``."""
    row = np.array([float(v) for v in point.values()])
    root = math.sqrt(float((row**2).mean()))
    waves = float(np.cos(2 * math.pi * row).mean())
    return 20 * math.exp(-0.2 * root) + math.exp(waves) - 20 - math.e


def _cube(count: int, low: float = 0.0, high: float = 1.0) -> SearchSpace:
    return SearchSpace(*[Continuous(f"x{i}", low, high) for i in range(1, count + 1)])


def builtin_problems() -> dict[str, Problem]:
    """Return the problems that need no data.

    A target is 80 to 95 % of the way from the median of the space to the optimum: within the
    budget some methods reach it, and not all.
    """
    mixed = SearchSpace(
        *[Continuous(f"x{i}", 0.0, 1.0) for i in range(1, 5)],
        *[Categorical(f"x{i}", _LEVELS) for i in (5, 6)],
    )
    box = SearchSpace(Continuous("x1", -5.0, 10.0), Continuous("x2", 0.0, 15.0))
    six = _cube(6)
    problems = [
        Problem(name="branin", space=box, truth=branin, target=-2.2, budget=25),
        Problem(name="hartmann6", space=six, truth=_hartmann_box, target=3.16, budget=40, start=7),
        Problem(
            name="hartmann6-noisy",
            space=six,
            truth=_hartmann_box,
            target=2.9,
            budget=40,
            start=7,
            noise=0.3,
        ),
        Problem(
            name="ackley5", space=_cube(5, -5, 10), truth=ackley, target=-2.5, budget=40, start=6
        ),
        Problem(
            name="hartmann6-mixed",
            space=mixed,
            truth=_hartmann_mixed,
            target=2.8,
            budget=40,
            start=7,
        ),
    ]
    return {problem.name: problem for problem in problems}


def pool_problem(
    name: str,
    rows: Sequence[Mapping[str, float | str]],
    values: Sequence[float],
    *,
    descriptors: Mapping[str, Mapping[str, Mapping[str, float]]] | None = None,
    batch: int = 1,
    budget: int = 40,
    start: int = 5,
    target: float | None = None,
    family: str = "",
) -> Problem:
    """Return the problem of finding the best of measured points; only these may be chosen.

    Args:
        name: of the problem.
        rows: one mapping a point: numbers and texts (categories).
        values: what was measured there, to be maximised.
        descriptors: parameter -> value -> name -> number, for categories that have them.
        batch: experiments carried out together.
        budget: experiments in all.
        start: size of the shared random start.
        target: a hit; the best hundredth of the pool if left out.
        family: problems of the same rows that share their starts.
    """
    if len(rows) != len(values) or not rows:
        raise BrainError(f"a pool needs as many values as rows, got {len(values)} and {len(rows)}")
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    space = _grid(columns, descriptors or {})
    if space is None:
        units: dict[str, str | type] = {
            k: Categorical if isinstance(v[0], str) else "1" for k, v in columns.items()
        }
        space = SearchSpace(Pool(columns, units, descriptors=descriptors))
    worth = {_key(row): float(v) for row, v in zip(rows, values, strict=True)}
    best = sorted((float(v) for v in values), reverse=True)
    return Problem(
        name=name,
        space=space,
        truth=lambda point: worth[_key(point)],
        target=best[max(1, round(len(best) / 100)) - 1] if target is None else target,
        budget=budget,
        batch=batch,
        start=start,
        family=family,
    )


def _key(point: Mapping[str, float | int | str]) -> tuple[float | str, ...]:
    return tuple(
        value if isinstance(value, str) else float(f"{float(value):.9g}")
        for _, value in sorted(point.items())
    )


def _grid(
    columns: Mapping[str, Sequence[float | str]],
    descriptors: Mapping[str, Mapping[str, Mapping[str, float]]],
) -> SearchSpace | None:
    """Return a product space where the rows are a complete grid, else None."""
    levels = {key: sorted(set(values), key=str) for key, values in columns.items()}
    rows = {tuple(row) for row in zip(*columns.values(), strict=True)}
    if math.prod(len(v) for v in levels.values()) != len(rows):
        return None
    items: list[Categorical | Ordered] = []
    for key, values in levels.items():
        if isinstance(values[0], str):
            names = [str(v) for v in values]
            items.append(Categorical(key, names, descriptors=descriptors.get(key)))
        else:
            items.append(Ordered(key, sorted(float(v) for v in values)))
    return SearchSpace(*items)


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
