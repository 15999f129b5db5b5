"""Repeats where noise rules: how good what is thought best really is, with repeats and without.

Usage: python -m benchmarks.planner.replicates [--problems NAME ...] [--seeds N] [--seconds S]

Both arms begin with the same points and the same noise of each experiment. When the budget is
used up, the point tried with the greatest expected score is taken, and its value without noise
counts: regret is its distance from the best that is known. Seeds are the outer loop; runs are kept
in .figures/planner. The last line is JSON: problem -> arm -> the regrets, by seed.
"""

import argparse
import json
import sys
import time
import warnings
from dataclasses import replace
from statistics import mean
from typing import Any

import torch

from benchmarks.figures import KEPT
from benchmarks.planner.kept_runs import append, read
from labloop.brain import AutoStrategy
from labloop.brain.acquisition import training_data
from labloop.records import Dataset, Observation, Point, derive_seed
from labloop.surrogates import GPFactory
from labloop.testing.strategies import Problem, builtin_problems

FILE = KEPT / "planner" / "replicates.jsonl"
ARMS = ("never", "auto")


def problems() -> dict[str, tuple[Problem, float]]:
    """Return problems with the greatest value of each, without noise and with little and much."""
    found = builtin_problems()
    branin, hartmann = found["branin"], found["hartmann6"]
    return {
        "branin": (branin, -0.397887),
        "branin-noise10": (replace(branin, noise=10.0, budget=30), -0.397887),
        "branin-noise30": (replace(branin, noise=30.0, budget=30), -0.397887),
        "hartmann6": (hartmann, 3.32237),
        "hartmann6-noise0.3": (replace(hartmann, noise=0.3), 3.32237),
        "hartmann6-noise0.8": (replace(hartmann, noise=0.8), 3.32237),
    }


def carry_out(name: str, arm: str, seed: int) -> dict[str, Any]:
    """Return one run."""
    problem, greatest = problems()[name]
    strategy = AutoStrategy(replicates="auto" if arm == "auto" else "never")
    (output,) = problem.objective.outputs
    points: list[Point] = list(problem.space.sample(problem.start, 500 + seed))
    seen: list[Observation] = []
    repeats = 0
    for index in range(problem.budget):
        if index >= len(points):
            drawn = derive_seed(f"{name}-{seed}", index)
            batch = strategy.propose(
                problem.space, problem.objective, Dataset(tuple(seen)), (), 1, drawn
            )
            points.append(batch.proposals[0].point)
            repeats += points[-1] in points[:-1]
        value = problem.measure(points[index], derive_seed(f"noise-{name}-{seed}", index))
        seen.append(Observation(f"e{index}", points[index], outputs={output: value}))
    training = training_data(problem.space, problem.objective, Dataset(tuple(seen)), 0)
    assert training is not None  # noqa: S101 - a run has results
    model: Any = GPFactory().fit(training).model
    with torch.no_grad():
        expected = model.posterior(training.encoded).mean[:, 0]
    chosen = points[int(expected.argmax())]
    return {
        "problem": name,
        "method": arm,
        "seed": seed,
        "regret": greatest - problem.truth(chosen),
        "repeats": repeats,
    }


def main() -> None:
    """Run what is not there yet, then print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", nargs="+", choices=list(problems()), default=list(problems()))
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--seconds", type=float, help="begin no run after so many")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    began = time.monotonic()
    for seed in range(asked.seeds):
        for name in asked.problems:
            for arm in ARMS:
                late = asked.seconds is not None and time.monotonic() - began > asked.seconds
                if late or (name, arm, seed) in read(FILE):
                    continue
                run = carry_out(name, arm, seed)
                append(FILE, run)
                print(json.dumps(run), file=sys.stderr, flush=True)
    found: dict[str, dict[str, dict[int, float]]] = {}
    for (name, arm, seed), run in sorted(read(FILE).items()):
        found.setdefault(name, {}).setdefault(arm, {})[seed] = run["regret"]
    for name, arms in found.items():
        common = sorted(set.intersection(*(set(runs) for runs in arms.values())))
        means = {arm: mean(runs[s] for s in common) for arm, runs in arms.items() if common}
        told = ", ".join(f"{arm} {value:.4f}" for arm, value in means.items())
        print(f"{name:20s} n={len(common)} mean regret {told}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
