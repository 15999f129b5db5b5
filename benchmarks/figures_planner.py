"""Outcome constraints and failures in the planner: asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_planner [--only NAME ...] [--fresh] [--write]

Runs are kept one by one, so that an interrupted measurement goes on where it was. Figures with
Ax need the peers' environment (``python benchmarks/planner/make_peer_env.py``) and are left out
without it.
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

SEEDS, AX_SEEDS = 2, 1
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


def beside(name: str) -> list[Figure]:
    """Return the same beside Ax at its defaults, from the same starts."""
    words = ("--problems", name, "--seeds", AX_SEEDS, "--methods", "labloop", "ax")
    found, command = module("benchmarks.planner.constrained", *words)
    ours, theirs = found[name]["labloop"], found[name]["ax"]
    asked = f"{name}: regret at most Ax's from the same start, or at most {NEAR:g}"
    measured = f"labloop {_told(ours)}; ax {_told(theirs)}"
    passed = median(_last(ours)) <= max(NEAR, median(_last(theirs)))
    return [Figure(f"ax-{name}", asked, measured, AX_SEEDS, command, passed)]


def _last(runs: list[dict[str, Any]]) -> list[float]:
    return sorted(run["trace"][-1] for run in runs)


def _told(runs: list[dict[str, Any]]) -> str:
    last = _last(runs)
    first = ", ".join(str(run["first"] or "never") for run in runs)
    return f"{median(last):.4f} (worst {last[-1]:.4f}), first feasible {first}"


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
    **{f"ax-{name}": partial(beside, name) for name in constrained_problems() if PYTHON.is_file()},
    "cliffs-tune": partial(failures, tune=True),
    "cliffs-report": partial(failures, tune=False),
}


if __name__ == "__main__":
    sys.exit(main(FIGURES, "figures-planner"))
