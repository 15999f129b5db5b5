"""The planner, peers beside it: asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_planner [--only NAME ...] [--fresh] [--write]

Runs are kept one by one, so that an interrupted measurement goes on where it was. Runs of the peers
are kept with the code (benchmarks/planner/*.jsonl) and only read here; more of them need the
peers' environment (``labloop strategy install ax baybe bofire optuna``).
How figures are kept and shown: ``benchmarks/figures.py``.
"""

import sys
from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import Any

from benchmarks.batches.figures import FIGURES as BATCHES
from benchmarks.figures import Benches, Figure, main, module
from benchmarks.planner.cliffs import PROPOSALS, cliffs
from benchmarks.planner.constrained_problems import constrained_problems
from benchmarks.planner.data_problems import PROBLEMS
from benchmarks.planner.peer_figures import Beside, each, together
from benchmarks.planner.peer_figures import beside as compared
from benchmarks.wide.figure import wide

SEEDS = 2
INTERVAL_SEEDS = 4
CLIFF_SEEDS = 4
"""As many campaigns were recorded."""
POOLS_MOST, CONSTRAINED_MOST = 0.75, 0.8
LEAST_PROBLEMS, FULL = 6, 20
"""Problems, and seeds of each, below which a figure is missed whatever it says."""
NEAR = 0.02
FAILING = 0.15


def constrained(name: str) -> list[Figure]:
    """Return how near the best that is allowed one problem's best feasible result comes."""
    found, command = module("benchmarks.planner.constrained", "--problems", name, "--seeds", SEEDS)
    runs = found[name]["labloop"]
    budget = constrained_problems()[name].budget
    asked = f"{name}, {budget} experiments: median regret of the best feasible at most {NEAR:g}"
    passed = median(_last(runs)) <= NEAR
    return [Figure(f"constrained-{name}", asked, _told(runs), SEEDS, command, passed)]


def pools() -> list[Figure]:
    """Return ours beside the peers on real pools, of the runs that are kept with the code."""
    found, command = module("benchmarks.planner.pools", "--read")
    hits = {pool: _by_seed(methods) for pool, methods in found.items()}
    rows = [row for pool in hits if (row := compared(hits, pool)) is not None]
    mean, low, high = together(rows)
    n = sum(len(row.seeds) for row in rows)
    budgets = {name: PROBLEMS[name]().budget for name in hits}
    ours = [hit <= budgets[p] for p in hits for hit in hits[p]["labloop"].values()]
    return [
        Figure(
            "pools-experiments",
            f"real pools, rows permuted: at most {POOLS_MOST:g} x the experiments of the best "
            "peer, geometric mean, upper end of the 90 % interval below 0.95",
            f"{mean:.2f} [{low:.2f}, {high:.2f}]; beside each alone {each(hits)}; "
            f"{'; '.join(row.words for row in rows)}",
            n,
            command,
            mean <= POOLS_MOST and high < 0.95 and enough(rows),
        ),
        Figure(
            "pools-hits",
            "real pools, rows permuted: the best hundredth is found in at least 0.95 of campaigns",
            f"{sum(ours) / len(ours):.2f}",
            len(ours),
            command,
            sum(ours) / len(ours) >= 0.95 and enough(rows),
        ),
    ]


def beside() -> list[Figure]:
    """Return ours beside Ax on problems with outcome constraints."""
    words = ("--until-near", "--read", "--seeds", 20, "--methods", "labloop", "ax")
    found, command = module("benchmarks.planner.constrained", *words)
    hits: dict[str, dict[str, dict[int, int]]] = {}
    broken = {"labloop": 0, "ax": 0}
    for name, methods in found.items():
        if set(methods) != set(broken):
            continue
        common = set.intersection(*({r["seed"] for r in runs} for runs in methods.values()))
        hits[name] = {
            method: {r["seed"]: r["near"] or r["budget"] + 1 for r in runs}
            for method, runs in methods.items()
        }
        for method, runs in methods.items():
            broken[method] += sum(r["broken"] for r in runs if r["seed"] in common)
    rows = [row for name in hits if (row := compared(hits, name)) is not None]
    mean, low, high = together(rows)
    n = sum(len(row.seeds) for row in rows)
    return [
        Figure(
            "constrained-peers",
            f"outcome constraints: at most {CONSTRAINED_MOST:g} x Ax's experiments to within 1 % "
            "of the best that is allowed, geometric mean over at least 6 problems",
            f"{mean:.2f} [{low:.2f}, {high:.2f}]; {'; '.join(row.words for row in rows)}",
            n,
            command,
            mean <= CONSTRAINED_MOST and len(rows) >= LEAST_PROBLEMS and enough(rows),
        ),
        Figure(
            "constrained-violations",
            "outcome constraints: proposals that break one, up to there, at most those of Ax",
            f"labloop {broken['labloop']}, ax {broken['ax']}",
            n,
            command,
            broken["labloop"] <= broken["ax"] and enough(rows),
        ),
    ]


def enough(rows: Sequence[Beside]) -> bool:
    """Return whether each problem has the seeds that a figure is promised on."""
    return all(len(row.seeds) >= FULL for row in rows)


def asks() -> list[Figure]:
    """Return the CPU time of one ask, peers beside."""
    found, command = module("benchmarks.planner.ask_times")
    told = ", ".join(f"{name} {seconds:.2f}" for name, seconds in found.items())
    asked = "one ask after 20 results on a box of 4: at most 0.1 s of CPU"
    return [Figure("asks", asked, f"s: {told}", 5, command, found["labloop"] <= 0.1)]


def many() -> list[Figure]:
    """Return the CPU time of one ask after thousands of results."""
    words = ("--methods", "labloop", "--results", 2000)
    found, command = module("benchmarks.planner.ask_times", *words)
    asked = "one ask after 2000 results on a box of 4: at most 1 s of CPU"
    seconds = found["labloop"]
    return [Figure("many", asked, f"{seconds:.2f} s", 5, command, seconds <= 1.0)]


def intervals() -> list[Figure]:
    """Return how often the intervals of the planner without physics hold."""
    found, command = module("benchmarks.intervals.run", "--seeds", INTERVAL_SEEDS)
    return [Figure(**row, command=command) for row in found["figures"]]


def _by_seed(methods: dict[str, dict[str, int]]) -> dict[str, dict[int, int]]:
    return {m: {int(seed): hit for seed, hit in runs.items()} for m, runs in methods.items()}


def _last(runs: list[dict[str, Any]]) -> list[float]:
    return sorted(run["trace"][-1] for run in runs)


def _told(runs: list[dict[str, Any]]) -> str:
    last = _last(runs)
    first = ", ".join(str(run["first"] or "never") for run in runs)
    return f"{median(last):.4f} (worst {last[-1]:.4f}), first feasible {first}"


def failures(*, tune: bool) -> list[Figure]:
    """Return the share of failures and how near the edge the best is, over a group of cliffs."""
    names = [c.name for c in cliffs().values() if c.tune == tune and c.figure]
    found, command = module("benchmarks.planner.cliffs", "--cliffs", *names, "--seeds", CLIFF_SEEDS)
    failed = [count for name in names for count in found[name]["failed"]]
    short = [share for name in names for share in found[name]["short"]]
    each = ", ".join(
        f"{name} {median(found[name]['failed']):g} of {PROPOSALS}, "
        f"{100 * median(found[name]['short']):.1f} %"
        for name in names
    )
    group = "cliffs that settings were chosen by" if tune else "cliffs that no setting saw"
    share = sum(failed) / (PROPOSALS * len(failed))
    return [
        Figure(
            f"cliffs-{'tune' if tune else 'report'}-failed",
            f"{group}: at most {100 * FAILING:g} % of {PROPOSALS} proposals fail",
            f"{100 * share:.0f} % (worst run {max(failed)} of {PROPOSALS}; failed and short of "
            f"the best: {each})",
            len(failed),
            command,
            share <= FAILING,
        ),
        Figure(
            f"cliffs-{'tune' if tune else 'report'}-best",
            f"{group}: median best within {100 * NEAR:g} % of the best that works",
            f"{100 * median(short):.1f} % (worst run {100 * max(short):.1f} %)",
            len(short),
            command,
            median(short) <= NEAR,
        ),
    ]


FIGURES: Benches = {
    **{f"constrained-{name}": partial(constrained, name) for name in constrained_problems()},
    "pools": pools,
    "constrained-peers": beside,
    "asks": asks,
    "many": many,
    "intervals": intervals,
    "wide": wide,
    "cliffs-tune": partial(failures, tune=True),
    "cliffs-report": partial(failures, tune=False),
    **BATCHES,
}


if __name__ == "__main__":
    sys.exit(main(FIGURES, "figures-planner"))
