"""Real pools, ours and the peers beside it from the same starts, each run until it hits.

Usage: python -m benchmarks.planner.pools [--pools NAME ...] [--methods NAME ...] [--seeds N]
[--first SEED] [--fresh] [--read] [--seconds S]

A hit is one of the best hundredth of all measured points; a run ends with it. The rows of a pool
and the names of a category are permuted by the seed, the same way for every method: a planner
that takes the first of equals must not be lucky in the order of a table. Seeds are the outer loop,
so that what there is after an interruption compares like with like. Runs are kept in
``pools.jsonl`` beside this file; ``--fresh`` measures ours anew. A method that cannot plan a pool
(Ax, BoFire and Optuna know no lists of points that are no complete grid) is left out there. The
last line is JSON: pool -> method -> seed -> experiments to the hit, the budget and one where there
was none.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.planner.data_problems import PROBLEMS
from benchmarks.planner.kept_runs import append, drop, read
from benchmarks.planner.plain_botorch import PlainBotorch
from labloop.brain import Strategy, resolve_strategy
from labloop.brain.peers import PEERS
from labloop.errors import BrainError
from labloop.records import derive_seed
from labloop.space import Categorical, Pool, SearchSpace
from labloop.testing.strategies import Problem, run_once

FILE = Path(__file__).with_name("pools.jsonl")
POOLS = ("suzuki", "fullerenes", "buchwald_a", "direct_arylation", "hplc", "crossed_barrel")
OURS = "labloop"
BATCHES = {"suzuki": 3, "crossed_barrel": 5}
"""Where a pool's own bench goes one by one: peers take seconds a round."""
METHODS: dict[str, Callable[[], Strategy]] = {
    OURS: partial(resolve_strategy, "auto"),
    "plain": PlainBotorch,
    **{name: partial(resolve_strategy, name) for name in ("baybe", "ax", "bofire", "optuna")},
}


@cache
def _problem(name: str) -> Problem:
    return PROBLEMS[name]()


def permuted(name: str, seed: int) -> Problem:
    """Return a pool, its rows and the names of its categories in an order of the seed's own."""
    problem = _problem(name)
    rng = np.random.default_rng(derive_seed(f"order-{name}", seed))
    items = [_permuted(item, rng) for item in problem.space.items]
    batch = BATCHES.get(name, problem.batch)
    return replace(problem, space=SearchSpace(*items), batch=batch)


def _permuted(item: Any, rng: np.random.Generator) -> Any:
    if isinstance(item, Categorical):
        order = rng.permutation(len(item.values))
        return Categorical(item.name, [item.values[i] for i in order], item.descriptors)
    if isinstance(item, Pool):
        table: Any = item.table
        order = rng.permutation(len(item.codes))
        return Pool({k: [v[i] for i in order] for k, v in table.items()}, item.columns)
    return item


def refused(pool: str, method: str) -> bool:
    """Return whether a peer cannot plan a pool."""
    if method not in PEERS:
        return False
    problem = _problem(pool)
    try:
        PEERS[method].check(problem.space, problem.objective)
    except BrainError:
        return True
    return False


def measure(pool: str, method: str, seed: int) -> dict[str, object]:
    """Return one run."""
    problem = permuted(pool, seed)
    cpu = time.process_time()
    run = run_once(problem, method, METHODS[method](), seed, until_hit=True)
    return {
        "problem": pool,
        "method": method,
        "seed": seed,
        "budget": problem.budget,
        "hit": run.hit,
        "asks": len(run.seconds),
        "seconds": round(sum(run.seconds), 2),
        "cpu": round(time.process_time() - cpu, 2),
    }


def carry_out(asked: argparse.Namespace) -> None:
    """Carry out the runs that are not there."""
    known, began = read(FILE), time.monotonic()
    seeds = range(asked.first, asked.first + asked.seeds)
    for seed, pool, method in product(seeds, asked.pools, asked.methods):
        late = asked.seconds is not None and time.monotonic() - began > asked.seconds
        if late or (pool, method, seed) in known or refused(pool, method):
            continue
        try:
            run = measure(pool, method, seed)
        except BrainError as error:
            # Such as a round that takes ten minutes; the run is tried again by the next bench.
            print(f"{pool} {method} seed {seed}: {error}", file=sys.stderr, flush=True)
            continue
        append(FILE, run)
        print(json.dumps(run), file=sys.stderr, flush=True)


def main() -> None:
    """Run what is asked for and is not there, then print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pools", nargs="+", choices=POOLS, default=list(POOLS))
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--fresh", action="store_true", help="measure ours anew")
    parser.add_argument("--read", action="store_true", help="print what is there, run nothing")
    parser.add_argument("--seconds", type=float, help="begin no run after so many")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    if asked.fresh:
        drop(FILE, [OURS])
    if not asked.read:
        carry_out(asked)
    found: dict[str, dict[str, dict[int, int]]] = {}
    for (pool, method, seed), run in sorted(read(FILE).items()):
        hit = run["hit"] if run["hit"] is not None else run["budget"] + 1
        found.setdefault(pool, {}).setdefault(method, {})[seed] = hit
    print(json.dumps(found))


if __name__ == "__main__":
    main()
