"""What models of the intervals learn from: points that fill the space, and points a planner chose.

Usage: python -m benchmarks.intervals.designs [--seeds N] [--problems NAME ...]

Where a planner chose the points they crowd around the best, and that is where intervals fail. Its
campaigns were recorded once (``chosen.jsonl``): a change of the planner does not change what its
intervals are judged by. What is recorded already is not done again.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from benchmarks.intervals.problems import OBJECTIVE, OUTPUT, Setting, settings
from labloop.brain import resolve_strategy
from labloop.records import Dataset, Observation, Point, derive_seed

Kind = Literal["filling", "chosen"]
CHOSEN = Path(__file__).with_name("chosen.jsonl")
RESULTS = (10, 25)
_START = 5
_DIGITS = 7
_MASTER = 20261203


def design(name: str, kind: Kind, seed: int, count: int) -> Dataset:
    """Return the first ``count`` results of a problem.

    Args:
        name: of the problem.
        kind: ``filling`` (of the space, by Sobol's points) or ``chosen`` by a planner.
        seed: which one of them.
        count: 10 or 25; of points that fill the space any number.

    Raises:
        KeyError: no campaign of that problem and seed was recorded.
    """
    one = settings()[name]
    if kind == "chosen":
        kept = _recorded()[name, seed]
        chosen = [dict(zip(one.space.names, row, strict=True)) for row in kept["points"][:count]]
        return _dataset(chosen, kept["measured"][:count])
    points = one.space.sample(max(count, *RESULTS), derive_seed(f"filling-{name}", seed))
    return _dataset(points[:count], _measured(one, seed, points)[:count])


def _measured(one: Setting, seed: int, points: Sequence[Point]) -> list[float]:
    """Return a measurement of each point; the same for the same points before it."""
    random = np.random.default_rng([_MASTER, *map(ord, one.name), seed])
    values = one.truth(points) + one.noise * random.standard_normal(len(points))
    return [float(f"{value:.{_DIGITS}g}") for value in values]


def _dataset(points: Sequence[Point], measured: Sequence[float]) -> Dataset:
    return Dataset(
        tuple(
            Observation(f"e{number:02d}", point, {OUTPUT: value})
            for number, (point, value) in enumerate(zip(points, measured, strict=True))
        )
    )


@cache
def _recorded() -> Mapping[tuple[str, int], Mapping[str, Any]]:
    lines = CHOSEN.read_text(encoding="utf-8").splitlines() if CHOSEN.is_file() else []
    return {(run["problem"], run["seed"]): run for run in map(json.loads, lines)}


def seeds_recorded(name: str) -> list[int]:
    """Return the seeds of which campaigns of a problem were recorded."""
    return sorted(seed for problem, seed in _recorded() if problem == name)


def record(one: Setting, seed: int) -> None:
    """Add the campaign of a problem and a seed to the file."""
    strategy = resolve_strategy("auto", None)
    points = list(one.space.sample(_START, derive_seed(f"start-{one.name}", seed)))
    while len(points) < max(RESULTS):
        data = _dataset(points, _measured(one, seed, points))
        drawn = derive_seed(f"run-{one.name}-{seed}", len(points))
        batch = strategy.propose(one.space, OBJECTIVE, data, [], one.batch, drawn)
        points += [proposal.point for proposal in batch.proposals]
    rows = [[_short(point[name]) for name in one.space.names] for point in points]
    kept = {
        "problem": one.name,
        "seed": seed,
        "points": rows,
        "measured": _measured(one, seed, points),
    }
    with CHOSEN.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(kept) + "\n")


def _short(value: Any) -> Any:
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value


def main() -> None:
    """Record what is missing."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--problems", nargs="+", choices=list(settings()), default=None)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    done = set(_recorded())
    for seed in range(given.seeds):
        for name in given.problems or settings():
            if (name, seed) not in done:
                began = time.monotonic()
                record(settings()[name], seed)
                took = time.monotonic() - began
                print(f"{name} {seed}: {took:.1f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
