"""What strangers broke, measured again: asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_trials [--only NAME ...] [--fresh] [--write]

How figures are kept and shown: ``benchmarks/figures.py``.
"""

import os
import sys
from functools import partial

from benchmarks.figures import Benches, Figure, main, module


def exchanges(what: str) -> list[Figure]:
    asked = (
        "1,000 exchanges with late, doubled, lost and cut answers at random"
        f" ({'each shipped driver' if what == 'drivers' else f'generic transport, {what} line'}): "
        "0 values under another question"
    )
    found, command = module("benchmarks.trials.exchanges", what)
    rows = "; ".join(
        f"{name}: {row['answered']} answered, {row['failed']} refused or timed out, "
        f"{row['spoilt']} spoilt"
        for name, row in found["rows"].items()
    )
    measured = f"{found['wrong']} wrong ({rows})"
    passed = found["wrong"] == 0
    return [Figure(f"exchanges-{what}", asked, measured, found["n"], command, passed)]


LINES = ("emulated", "tcp", "pty") if os.name == "posix" else ("emulated", "tcp")

FIGURES: Benches = {f"exchanges-{what}": partial(exchanges, what) for what in (*LINES, "drivers")}


if __name__ == "__main__":
    sys.exit(main(FIGURES, "figures-trials"))
