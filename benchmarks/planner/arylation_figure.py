"""Direct arylation against BayBE and a plain BoTorch loop: same starts, same run, 30 seeds.

Usage: python -m benchmarks.planner.arylation_figure [--seeds 30], once BayBE is there
(``labloop strategy install baybe``).

Two comparisons, each with equal knowledge: names only (one-hot categories on both sides), and
molecules (BayBE's own default descriptors of the SMILES on both sides). Our planner with the
published quantum-chemical descriptors stands beside. Prints one JSON line with a row for each
comparison. Runs are kept in .figures/planner as they end.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from labloop.testing.strategies import (
    Run,
    median_ratio,
    paired_hits,
    read_runs,
    wilson,
)

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / ".figures" / "planner"
NEVER = 51
PAIRS = {
    "names": (("direct_arylation", "auto"), ("direct_arylation", "baybe-names")),
    "molecules": (("direct_arylation_mordred", "auto"), ("direct_arylation", "baybe-smiles")),
}


def bench(problem: str, methods: list[str], seeds: int) -> None:
    """Run what is missing."""
    words = [sys.executable, str(HERE / "run.py"), "--problems", problem, "--methods", *methods]
    words += ["--seeds", str(seeds), "--folder", str(FOLDER)]
    subprocess.run(words, check=True, stdout=sys.stderr)


def row(runs: list[Run], name: str) -> dict[str, object]:
    """Return the comparison of one pair."""
    ours, theirs = (paired_hits(runs, problem, method) for problem, method in PAIRS[name])
    seeds = sorted(ours.keys() & theirs.keys())
    mine, peer = [ours[s] for s in seeds], [theirs[s] for s in seeds]
    ratio, low, high = median_ratio(mine, peer)
    told = []
    for label, hits in (("labloop", mine), (PAIRS[name][1][1], peer)):
        reached = sum(hit < NEVER for hit in hits)
        least, most = wilson(reached, len(hits))
        told.append(
            f"{label} median {statistics.median(hits):g}, hit rate {reached / len(hits):.2f} "
            f"[{least:.2f}, {most:.2f}]"
        )
    return {
        "name": name,
        "n": len(seeds),
        "text": f"{'; '.join(told)}; ratio {ratio:.2f} [{low:.2f}, {high:.2f}]",
        "passed": ratio <= 0.7 and high < 1.0,
    }


def main() -> None:
    """Run what is missing and print the comparisons."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=30)
    given = parser.parse_args()
    bench("direct_arylation", ["auto", "plain", "baybe-names", "baybe-smiles"], given.seeds)
    for problem in ("direct_arylation_mordred", "direct_arylation_dft"):
        bench(problem, ["auto"], given.seeds)
    runs = read_runs(FOLDER)
    rows = [row(runs, name) for name in PAIRS]
    beside = [
        f"{what} median {statistics.median(hits):g}, hit rate "
        f"{sum(hit < NEVER for hit in hits) / len(hits):.2f}"
        for what, hits in (
            ("plain BoTorch, names", list(paired_hits(runs, "direct_arylation", "plain").values())),
            ("labloop, DFT", list(paired_hits(runs, "direct_arylation_dft", "auto").values())),
        )
    ]
    print(json.dumps({"rows": rows, "beside": "; ".join(beside)}))


if __name__ == "__main__":
    main()
