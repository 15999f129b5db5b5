"""The figures that physics in the planner promises: asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_physics [--only NAME ...] [--fresh] [--write]

Runs are kept one by one in .figures/physics/, so that a bench of many hours can be stopped and
taken up; ``--fresh`` sums the runs up again, ``python -m benchmarks.physics.run --fresh`` does
them again. How figures are kept and shown: ``benchmarks/figures.py``.
"""

import subprocess
import sys

from benchmarks.figures import ROOT, Benches, Figure, main, module

SEEDS = 20
RUNS = "benchmarks.physics.run"


def labs() -> list[Figure]:
    command = f"python -m {RUNS} --seeds {SEEDS}"
    print(f"   measuring: {command}", flush=True)
    words = [sys.executable, "-m", RUNS, "--seeds", str(SEEDS)]
    subprocess.run(words, cwd=ROOT, check=True)
    found, shown = module("benchmarks.physics.summary")
    return [Figure(**row, command=f"{command}; {shown}") for row in found["figures"]]


def speed() -> list[Figure]:
    found, command = module("benchmarks.physics.speed")
    return [Figure(**row, command=command) for row in found["figures"]]


FIGURES: Benches = {"physics-labs": labs, "physics-speed": speed}


if __name__ == "__main__":
    sys.exit(main(FIGURES, "physics"))
