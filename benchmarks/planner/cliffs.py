"""Experiments beyond a cliff fail: how many of 25 proposals do, and how good is the best.

Usage: python -m benchmarks.planner.cliffs [--cliffs NAME ...] [--seeds N] [--first N] [--worst].
Settings were chosen by the cliffs called "tune", with seeds from 11 on, and are reported on the
others. Runs are kept in .figures/planner as they end. The last line is JSON: cliff -> failures and
how far the best is below the best that works, one a seed.
"""

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.figures import KEPT
from labloop.brain import Brain
from labloop.objectives import Maximize
from labloop.records import Point
from labloop.space import Categorical, Continuous, SearchSpace
from labloop.testing.strategies import builtin_problems

PROPOSALS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Cliff:
    """A function to maximise, and where its experiments fail."""

    name: str
    space: SearchSpace
    value: Callable[[Any], float]
    fails: Callable[[Any], bool]
    best: float
    """The greatest value of a point that does not fail."""
    tune: bool = False
    """Whether settings were chosen by it."""
    figure: bool = True
    """Whether the page of figures counts it."""


def _box(count: int) -> SearchSpace:
    return SearchSpace(*[Continuous(f"x{i}", 0, 1) for i in range(1, count + 1)])


def _x(point: Point) -> list[float]:
    return [float(v) for v in point.values() if not isinstance(v, str)]


def _away(point: Point, centre: float) -> float:
    return sum((v - centre) ** 2 for v in _x(point))


_REACTOR = SearchSpace(
    Continuous("temperature", 20, 120, unit="degC"),
    Continuous("concentration", 0.05, 1.0, unit="mol/L"),
    Categorical("solvent", ["DMF", "water", "toluene", "MeCN"]),
)
_CLOGS = {"DMF": 2.0, "water": 0.25, "toluene": 0.45, "MeCN": 0.7}
_SPEED = {"DMF": 0.75, "water": 1.1, "toluene": 0.9, "MeCN": 1.0}


def _yield(point: Point) -> float:
    heat = (float(point["temperature"]) - 20) / 100
    return (
        _SPEED[str(point["solvent"])]
        * (heat * (1.3 - 0.5 * heat))
        * (0.5 + float(point["concentration"]))
    )


def _clogs(point: Point) -> bool:
    return float(point["concentration"]) > _CLOGS[str(point["solvent"])]


def _two_hills(point: Point) -> float:
    x1, x2, x3, x4, x5 = _x(point)
    high = math.exp(-8 * ((x1 - 0.75) ** 2 + (x2 - 0.35) ** 2))
    low = math.exp(-8 * ((x1 - 0.2) ** 2 + (x2 - 0.7) ** 2))
    return high + 0.7 * low - 0.3 * (x3 - 0.6) ** 2 - 0.2 * (x4 - 0.2) ** 2 + 0.05 * x5


def _hartmann(point: Point) -> float:
    return builtin_problems()["hartmann6"].truth(point)


def _for_settings() -> list[Cliff]:
    return [
        Cliff(
            name="line",
            space=_box(2),
            value=lambda p: p["x1"] + 0.5 * p["x2"],
            fails=lambda p: p["x1"] + p["x2"] > 1,
            best=1.0,
            tune=True,
        ),
        Cliff(
            name="hump",
            space=_box(2),
            value=lambda p: 1 - (p["x1"] - 0.7) ** 2 - (p["x2"] - 0.6) ** 2,
            fails=lambda p: (p["x1"] - 0.9) ** 2 + (p["x2"] - 0.8) ** 2 < 0.16,
            best=1 - (0.4 - math.hypot(0.2, 0.2)) ** 2,
            tune=True,
        ),
        Cliff(
            name="slope4",
            space=_box(4),
            value=lambda p: 2 * p["x1"] + p["x2"] + 0.5 * p["x3"] - (p["x4"] - 0.4) ** 2,
            fails=lambda p: p["x1"] + p["x2"] > 1.2,
            best=2.7,
            tune=True,
        ),
        Cliff(
            name="clog",
            space=_REACTOR,
            value=_yield,
            fails=_clogs,
            best=0.96,
            tune=True,
        ),
        Cliff(
            name="wave4",
            space=_box(4),
            value=lambda p: (
                p["x1"] + 0.6 * p["x2"] - 0.8 * (p["x3"] - 0.3) ** 2 + 0.2 * math.sin(6 * p["x4"])
            ),
            fails=lambda p: p["x1"] * p["x2"] > 0.35,
            best=1.41,
            tune=True,
            figure=False,
        ),
        Cliff(
            name="two5",
            space=_box(5),
            value=_two_hills,
            fails=lambda p: p["x3"] + 0.5 * p["x4"] > 0.75,
            best=1.075,
            tune=True,
            figure=False,
        ),
    ]


def _unseen() -> list[Cliff]:
    return [
        Cliff(
            name="corner",
            space=_box(2),
            value=lambda p: p["x1"] * (1.2 - 0.5 * p["x1"]) + p["x2"],
            fails=lambda p: p["x1"] > 0.6 and p["x2"] > 0.5,
            best=1.54,
        ),
        Cliff(
            name="ring",
            space=_box(2),
            value=lambda p: 1 - (p["x1"] - 0.5) ** 2 - (p["x2"] - 0.45) ** 2,
            fails=lambda p: _away(p, 0.5) < 0.3**2,
            best=1 - 0.25**2,
        ),
        Cliff(
            name="edge",
            space=_box(3),
            value=lambda p: p["x3"] + 0.3 * math.sin(3 * p["x1"]) - 0.2 * (p["x2"] - 0.3) ** 2,
            fails=lambda p: p["x3"] > 0.65,
            best=0.95,
        ),
        Cliff(
            name="precipitates",
            space=SearchSpace(
                Continuous("x1", 0, 1), Continuous("x2", 0, 1), Categorical("acid", list("abcde"))
            ),
            value=lambda p: (
                p["x1"]
                + 0.4 * p["x2"]
                + {"a": 0, "b": 0.3, "c": 0.2, "d": 0.1, "e": 0.5}[p["acid"]]
            ),
            fails=lambda p: p["acid"] == "e" or (p["acid"] == "b" and p["x1"] > 0.5),
            best=1.6,
        ),
        Cliff(
            name="ball5",
            space=_box(5),
            value=lambda p: sum(_x(p)) / 5 + 0.2 * p["x1"],
            fails=lambda p: _away(p, 1.0) < 0.9,
            best=(5 - 0.9**0.5) / 5 + 0.2,
        ),
        Cliff(
            name="hartmann6",
            space=_box(6),
            value=_hartmann,
            fails=lambda p: p["x6"] + 0.3 * p["x5"] > 0.68,
            best=3.2,
        ),
    ]


def cliffs() -> dict[str, Cliff]:
    """Return the cliffs by name."""
    return {cliff.name: cliff for cliff in [*_for_settings(), *_unseen()]}


def run(
    cliff: Cliff, seed: int, *, worst: bool = False, proposals: int = PROPOSALS
) -> tuple[int, float]:
    """Return how many proposals failed, and the best value.

    ``worst``: the crude way, a failure told as the worst value so far.
    """
    brain = Brain(cliff.space, Maximize("y"), seed=seed)
    failed, worked = 0, [0.0] if worst else []
    for _ in range(proposals):
        ((number, proposal),) = brain.ask()
        if cliff.fails(proposal.point):
            failed += 1
            brain.tell(number, {"y": min(worked)} if worst else None)
        else:
            worked.append(cliff.value(proposal.point))
            brain.tell(number, {"y": worked[-1]})
    return failed, max(worked, default=0.0)


def kept(cliff: Cliff, seed: int, *, worst: bool) -> tuple[int, float]:
    """Return one run, measured now or kept from before."""
    path = KEPT / "planner" / f"cliff-{cliff.name}-{seed}{'-worst' if worst else ''}.json"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(run(cliff, seed, worst=worst)), encoding="utf-8")
    failed, best = json.loads(path.read_text(encoding="utf-8"))
    return int(failed), float(best)


def main() -> None:
    """Run what is asked for and print a line for each cliff."""
    every = cliffs()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cliffs", nargs="+", choices=list(every), default=list(every))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--worst", action="store_true", help="tell the worst value instead")
    asked = parser.parse_args()
    found = {}
    for name in asked.cliffs:
        seeds = range(asked.first, asked.first + asked.seeds)
        runs = [kept(every[name], seed, worst=asked.worst) for seed in seeds]
        short = [1 - best / every[name].best for _, best in runs]
        found[name] = {"failed": [failed for failed, _ in runs], "short": short}
        print(
            f"{name:12s} n={len(runs)} failed {[f for f, _ in runs]} of {PROPOSALS}, best below "
            f"the best that works by {100 * median(short):.1f} % (worst {100 * max(short):.1f} %)",
            flush=True,
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
