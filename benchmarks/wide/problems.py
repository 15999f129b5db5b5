"""Boxes of 20 to 50 numbers whose optimum is known: some settings matter, or all, or few.

Ackley, Levy, Rosenbrock and Styblinski-Tang are the usual test functions, Hartmann's function of
six numbers stands among many that do nothing. ``lasso`` chooses a penalty for each of 30
descriptors of a linear model, as LassoBench does (Sehic et al., AutoML 2022), on data that are
made here. ``lab`` is a process of many settings: each has a peak of its own, most matter little,
some peaks move with the setting before, and a result has noise.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labloop.records import FloatArray, Point
from labloop.space import Continuous, SearchSpace
from labloop.testing.strategies import builtin_problems

BUDGET, START, BATCH = 60, 15, 5
_SIX = builtin_problems()["hartmann6"].truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Wide:
    """A function of the unit cube to be maximised."""

    name: str
    size: int
    tuned: bool
    """Whether settings were chosen by it; the others report."""
    truth: Callable[[FloatArray], float]
    best: float
    """The greatest value, or the greatest that was ever found."""
    noise: float = 0.0

    @property
    def space(self) -> SearchSpace:
        """The box."""
        return SearchSpace(*[Continuous(f"x{i}", 0.0, 1.0) for i in range(self.size)])

    def row(self, point: Point) -> FloatArray:
        """Return a point as ``size`` numbers."""
        return np.array([float(point[f"x{i}"]) for i in range(self.size)])


def _ackley(row: FloatArray) -> float:
    x = -5.0 + 15.0 * row
    waves = math.exp(float(np.cos(2 * math.pi * x).mean()))
    return 20 * math.exp(-0.2 * math.sqrt(float((x**2).mean()))) + waves - 20 - math.e


def _levy(row: FloatArray) -> float:
    w = 1.0 + (20.0 * row - 11.0) / 4.0
    inner = (w[:-1] - 1) ** 2 * (1 + 10 * np.sin(math.pi * w[:-1] + 1) ** 2)
    last = (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return -float(math.sin(math.pi * w[0]) ** 2 + inner.sum() + last)


def _rosenbrock(row: FloatArray) -> float:
    x = -5.0 + 15.0 * row
    return -float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def _styblinski(row: FloatArray) -> float:
    x = -5.0 + 10.0 * row
    return -0.5 * float((x**4 - 16 * x**2 + 5 * x).sum())


def _hartmann(row: FloatArray) -> float:
    return _SIX({f"x{i}": float(row[i - 1]) for i in range(1, 7)})


def _lasso() -> Callable[[FloatArray], float]:
    """Return minus the error on other rows of a linear model of 40 rows and 30 columns."""
    rng = np.random.default_rng(12)
    truth = np.where(np.arange(30) % 5 == 0, rng.normal(0.0, 2.0, 30), 0.0)
    x, other = rng.standard_normal((40, 30)), rng.standard_normal((200, 30))
    y = x @ truth + rng.standard_normal(40)
    wanted = other @ truth
    step = len(x) / float(np.linalg.eigvalsh(x.T @ x)[-1])

    def error(row: FloatArray) -> float:
        penalty = 10.0 ** (-2.0 + 3.0 * row)
        found = np.zeros(30)
        for _ in range(300):
            moved = found - step * (x.T @ (x @ found - y)) / len(x)
            found = np.sign(moved) * np.maximum(np.abs(moved) - step * penalty, 0.0)
        return -float(((other @ found - wanted) ** 2).mean())

    return error


def _lab(size: int, seed: int) -> tuple[Callable[[FloatArray], float], float]:
    """Return a process of ``size`` settings and its best value: 100 in all."""
    rng = np.random.default_rng(seed)
    worth = rng.permutation(1.0 / np.arange(1, size + 1))
    worth *= 100.0 / worth.sum()
    centre = np.clip(rng.uniform(-0.2, 1.2, size), 0.0, 1.0)
    width = rng.uniform(0.2, 0.6, size)
    pull = np.where(rng.random(size) < 0.3, rng.uniform(-0.5, 0.5, size), 0.0)

    def value(row: FloatArray) -> float:
        away = row - centre
        moved = (away - pull * np.roll(away, 1)) / width
        return float(worth @ (1.0 / (1.0 + moved**2)))

    return value, 100.0


def wide_problems() -> dict[str, Wide]:
    """Return the problems by name, those that settings were chosen by first."""
    small, small_best = _lab(20, 1)
    large, large_best = _lab(30, 2)
    made = [
        Wide(name="ackley20", size=20, tuned=True, truth=_ackley, best=0.0),
        Wide(name="styblinski25", size=25, tuned=True, truth=_styblinski, best=979.1542),
        Wide(name="hartmann20", size=20, tuned=True, truth=_hartmann, best=3.32237),
        Wide(name="lab20", size=20, tuned=True, truth=small, best=small_best, noise=1.0),
        Wide(name="hartmann25", size=25, tuned=False, truth=_hartmann, best=3.32237),
        Wide(name="hartmann50", size=50, tuned=False, truth=_hartmann, best=3.32237),
        Wide(name="levy20", size=20, tuned=False, truth=_levy, best=0.0),
        Wide(name="rosenbrock20", size=20, tuned=False, truth=_rosenbrock, best=0.0),
        Wide(name="lasso30", size=30, tuned=False, truth=_lasso(), best=0.0),
        Wide(name="lab30", size=30, tuned=False, truth=large, best=large_best, noise=1.0),
    ]
    return {one.name: one for one in made}
