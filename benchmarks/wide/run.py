"""Boxes of 20 to 50 numbers: ours beside TuRBO, SAASBO and BoTorch's scaled priors.

Usage: python -m benchmarks.wide.run [--problems NAME ...] [--methods NAME ...] [--seeds N]
[--first SEED] [--fresh] [--read] [--seconds S]

Each campaign begins with the same 15 random points and has 60 experiments in batches of five.
Seeds are the outer loop. Runs are kept in ``runs.jsonl`` beside this file; ``--fresh`` measures
ours anew.
SAASBO needs ``pip install numpyro``. Regret is the distance of the best from the optimum, of the
noiseless values, in units of that of the median of the start. The last line is JSON: problem ->
method -> the runs.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from itertools import product
from pathlib import Path
from statistics import median
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from benchmarks.planner.kept_runs import Run, append, drop, read
from benchmarks.wide.peers import Saasbo, Scaled, Turbo
from benchmarks.wide.problems import BATCH, BUDGET, START, Wide, wide_problems
from labloop.brain import resolve_strategy
from labloop.objectives import Maximize, Objectives
from labloop.records import Dataset, Observation, derive_seed

KEPT = Path(__file__).with_name("runs.jsonl")
OURS = "labloop"


class Method(Protocol):
    """Somebody who says where to look next."""

    def ask(self, x: Tensor, y: Tensor, n: int, seed: int) -> Tensor:
        """Return ``n x d`` points for results ``y`` (``N``) at ``x`` (``N x d``)."""
        ...


class Ours:
    """The strategy ``auto``."""

    def ask(self, x: Tensor, y: Tensor, n: int, seed: int) -> Tensor:
        """Return ``n x d`` points, see ``Method``."""
        space = Wide(name="", size=x.shape[1], tuned=True, truth=lambda _: 0.0, best=0.0).space
        points = space.decode(x.numpy())
        data = Dataset(
            tuple(
                Observation(f"e{i}", point, outputs={"y": value})
                for i, (point, value) in enumerate(zip(points, y.tolist(), strict=True))
            )
        )
        batch = resolve_strategy("auto").propose(
            space, Objectives.of(Maximize("y")), data, (), n, seed
        )
        return torch.tensor(space.encode([p.point for p in batch.proposals]))


METHODS: dict[str, Callable[[], Method]] = {
    OURS: Ours,
    "scaled": Scaled,
    "turbo": Turbo,
    "saasbo": Saasbo,
}


def carry_out(problem: Wide, method: str, seed: int) -> Run:
    """Return one campaign; ``seconds`` is the CPU time of all its proposals."""
    space, asked = problem.space, METHODS[method]()
    x = torch.tensor(space.encode(space.sample(START, 1000 + seed)))
    noise = np.random.default_rng(derive_seed(problem.name, seed)).standard_normal(BUDGET)
    values = [problem.truth(row) for row in x.numpy()]
    seconds = 0.0
    while len(values) < BUDGET:
        y = torch.tensor(np.array(values) + problem.noise * noise[: len(values)])
        began = time.process_time()
        found = asked.ask(x, y, BATCH, derive_seed(f"{problem.name}-{seed}", len(values)))
        seconds += time.process_time() - began
        x = torch.cat([x, found])
        values += [problem.truth(row) for row in found.numpy()]
    away = problem.best - np.array(values)
    regret = np.minimum.accumulate(away) / np.median(away[:START])
    return {
        "problem": problem.name,
        "method": method,
        "seed": seed,
        "trace": [float(f"{r:.4g}") for r in regret[START - 1 :: BATCH]],
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Run what is asked for and is not there, then print what came out."""
    every = wide_problems()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", nargs="+", choices=list(every), default=list(every))
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--fresh", action="store_true", help="measure ours anew")
    parser.add_argument("--read", action="store_true", help="print what is there, run nothing")
    parser.add_argument("--seconds", type=float, help="begin no run after so many")
    parser.add_argument("--file", type=Path, default=KEPT, help="where runs are kept")
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    if asked.fresh:
        drop(asked.file, [OURS])
    known, began = read(asked.file), time.monotonic()
    seeds = range(asked.first, asked.first + asked.seeds)
    wanted = [(p, m, s) for s, p, m in product(seeds, asked.problems, asked.methods)]
    for key in wanted if not asked.read else []:
        if asked.seconds is not None and time.monotonic() - began > asked.seconds:
            break
        if key not in known:
            known[key] = carry_out(every[key[0]], key[1], key[2])
            append(asked.file, known[key])
            last, spent = known[key]["trace"][-1], known[key]["seconds"]
            print(*key, f"regret {last:.4g}, {spent:.0f} s", file=sys.stderr, flush=True)
    found: dict[str, dict[str, list[Run]]] = {}
    for problem, method, seed in wanted:
        if (problem, method, seed) in known:
            run = known[problem, method, seed]
            found.setdefault(problem, {}).setdefault(method, []).append(run)
    for problem, methods in found.items():
        for method, runs in methods.items():
            middle = median(run["trace"][-1] for run in runs)
            half = median(run["trace"][len(run["trace"]) // 2] for run in runs)
            spent = median(run["seconds"] for run in runs)
            print(f"{problem:13s} {method:8s} n={len(runs)} {half:.4g} {middle:.4g} {spent:.0f} s")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
