"""Outcome constraints and failures in the planner: asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_planner [--only NAME ...] [--fresh] [--write]

Runs are kept one by one, so that an interrupted measurement goes on where it was. Ax is beside
where the peers' environment is there (``python benchmarks/planner/make_peer_env.py``).
How figures are kept and shown: ``benchmarks/figures.py``.
"""

import sys
from functools import partial
from statistics import median
from typing import Any

from benchmarks.figures import Benches, Figure, main, module
from benchmarks.planner.cliffs import PROPOSALS, cliffs
from benchmarks.planner.constrained_problems import constrained_problems
from benchmarks.planner.peers import PYTHON

SEEDS = 2
NEAR = 0.02
FAILING = 0.15


def constrained(name: str) -> list[Figure]:
    """Return how near one problem's best feasible result is, with Ax from the same starts."""
    methods = ("labloop", "ax") if PYTHON.is_file() else ("labloop",)
    found, command = module(
        "benchmarks.planner.constrained",
        "--problems",
        name,
        "--seeds",
        SEEDS,
        "--methods",
        *methods,
    )
    told = {method: _told(runs) for method, runs in found[name].items()}
    budget = constrained_problems()[name].budget
    asked = f"{name}, {budget} experiments: median regret of the best feasible at most {NEAR:g}"
    measured = "; ".join(f"{method} {words}" for method, words in told.items())
    passed = median(run["trace"][-1] for run in found[name]["labloop"]) <= NEAR
    return [Figure(f"constrained-{name}", asked, measured, SEEDS, command, passed)]


def _told(runs: list[dict[str, Any]]) -> str:
    last = sorted(run["trace"][-1] for run in runs)
    first = [run["first"] or "never" for run in runs]
    return f"{median(last):.4f} (worst {last[-1]:.4f}), first feasible {', '.join(map(str, first))}"


def failures(*, tune: bool) -> list[Figure]:
    """Return the share of failures and how near the edge the best is, over a group of cliffs."""
    names = [cliff.name for cliff in cliffs().values() if cliff.tune == tune]
    found, command = module("benchmarks.planner.cliffs", "--cliffs", *names, "--seeds", SEEDS)
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
    "cliffs-tune": partial(failures, tune=True),
    "cliffs-report": partial(failures, tune=False),
}


if __name__ == "__main__":
    sys.exit(main(FIGURES, "figures-planner"))
