"""Whether auto is as good as the better of its members, on every built-in problem.

Usage: python -m benchmarks.planner.members_figure [--seeds 10]

The members are the kernels of which auto chooses by leave-one-out: Matern and RBF on boxes,
Matern over all and a sum over parameters where there are categories. Compared are median
experiments to the target, a miss counted as one more than the budget. Prints one JSON line;
runs are kept as they end.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from labloop.testing.strategies import builtin_problems, paired_hits, read_runs

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / ".figures" / "members"
MEASURED = ("crossed_barrel", "buchwald_a", "suzuki")
CATEGORIES = ("hartmann6-mixed", "buchwald_a", "suzuki")
MOST = 1.1


def main() -> None:
    """Run what is missing and print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=10)
    given = parser.parse_args()
    problems = [*builtin_problems(), *MEASURED]
    told, worst = [], 0.0
    for problem in problems:
        members = ["gp-matern", "gp-additive" if problem in CATEGORIES else "gp-rbf"]
        words = [sys.executable, str(HERE / "run.py"), "--problems", problem, "--methods", "auto"]
        words += [*members, "--seeds", str(given.seeds), "--folder", str(FOLDER)]
        subprocess.run(words, check=True, stdout=sys.stderr)
        runs = read_runs(FOLDER)
        median = {
            method: statistics.median(paired_hits(runs, problem, method).values())
            for method in ("auto", *members)
        }
        ratio = median["auto"] / min(median[member] for member in members)
        worst = max(worst, ratio)
        told.append(f"{problem} {median['auto']:g}/{min(median[m] for m in members):g}={ratio:.2f}")
    text = f"worst {worst:.2f} ({', '.join(told)})"
    print(json.dumps({"text": text, "n": given.seeds, "passed": worst <= MOST}))


if __name__ == "__main__":
    main()
