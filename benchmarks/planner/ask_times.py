"""CPU seconds of one ask after 20 results, or many, on a box of four numbers, peers beside.

Usage: python -m benchmarks.planner.ask_times [--methods NAME ...] [--repeats N] [--results N]

Each time another set of results; the first ask of a process is not counted. A peer is told all
results anew at each ask, and that is counted: its process says how much CPU it used. Prints one
JSON line: method -> median seconds.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from statistics import median

import torch

from benchmarks.planner.plain_botorch import PlainBotorch
from labloop.brain import Strategy, resolve_strategy
from labloop.objectives import Maximize, Objectives
from labloop.records import Dataset, Observation, derive_seed
from labloop.space import Continuous, SearchSpace
from labloop.testing.strategies import builtin_problems

RESULTS = 20
METHODS: dict[str, Callable[[], Strategy]] = {
    "labloop": partial(resolve_strategy, "auto"),
    "plain": PlainBotorch,
    **{name: partial(resolve_strategy, name) for name in ("baybe", "ax", "bofire", "optuna")},
}


def used(method: str, repeats: int, results: int) -> float:
    """Return the median CPU seconds of one ask."""
    space = SearchSpace(*[Continuous(f"x{i}", 0, 1) for i in range(1, 5)])
    truth = builtin_problems()["hartmann6"].truth
    strategy, found = METHODS[method](), []
    for seed in range(repeats + 1):
        points = space.sample(results, derive_seed("ask-times", seed))
        values = [truth({**p, "x5": 0.31, "x6": 0.66}) for p in points]
        data = Dataset(
            tuple(
                Observation(f"e{i}", p, outputs={"y": v})
                for i, (p, v) in enumerate(zip(points, values, strict=True))
            )
        )
        began = time.process_time()
        batch = strategy.propose(space, Objectives.of(Maximize("y")), data, (), 1, seed)
        mine = time.process_time() - began
        report = batch.fit_report
        theirs = report["proposal_seconds"] if method not in {"labloop", "plain"} else 0.0
        found.append(mine + float(str(theirs)))
    return median(found[1:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--results", type=int, default=RESULTS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    found = {}
    for method in asked.methods:
        found[method] = used(method, asked.repeats, asked.results)
        print(f"{method}: {found[method]:.3f} s", file=sys.stderr, flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
