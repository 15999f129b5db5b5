"""The figures that physics in the planner promises: asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_physics [--only NAME ...] [--fresh] [--write]

Runs are kept one by one in .figures/physics/, so that a bench of many hours can be stopped and
taken up; ``--fresh`` sums the runs up again, ``python -m benchmarks.physics.run --fresh`` does
them again. How figures are kept and shown: ``benchmarks/figures.py``.
"""

import subprocess
import sys

from benchmarks.figures import ROOT, Benches, Figure, main, module
from benchmarks.physics.further.labs import FURTHER
from benchmarks.physics.methods import FAULTY, FIRST, GOOD, MISMATCHED, PLAIN, WRONG

RUNS = "benchmarks.physics.run"
SEARCHED = (*(m for m in FIRST if m != GOOD), "--seeds", "20")
ALARMED = (GOOD, WRONG, "--seeds", "40", "--most", "10")
"""Good physics is asked for early alarms only, which ten experiments tell."""
COMPARED = (PLAIN, GOOD, MISMATCHED, *FAULTY, "botorch")
WITHIN = ("--seeds", "3", "--most", "40", "--to-target")
"""In the further labs runs end at the target, or after 40 experiments."""


def labs() -> list[Figure]:
    for words in (SEARCHED, ALARMED):
        command = ["-m", RUNS, "--methods", *words]
        print(f"   measuring: python {' '.join(command)}", flush=True)
        subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    found, shown = module("benchmarks.physics.summary")
    return [Figure(**row, command=shown) for row in found["figures"]]


def further() -> list[Figure]:
    command = ["-m", RUNS, "--labs", *FURTHER, "--methods", *COMPARED, *WITHIN]
    print(f"   measuring: python {' '.join(command)}", flush=True)
    subprocess.run([sys.executable, *command], cwd=ROOT, check=True)
    found, shown = module("benchmarks.physics.further.summary", "--within", "40")
    return [Figure(**row, command=shown) for row in found["figures"]]


def speed() -> list[Figure]:
    found, command = module("benchmarks.physics.speed")
    return [Figure(**row, command=command) for row in found["figures"]]


def intervals() -> list[Figure]:
    found, command = module("benchmarks.intervals.physics")
    return [Figure(**row, command=command) for row in found["figures"]]


FIGURES: Benches = {
    "physics-labs": labs,
    "physics-further": further,
    "physics-speed": speed,
    "physics-intervals": intervals,
}


if __name__ == "__main__":
    sys.exit(main(FIGURES, "physics"))
