"""What strangers broke, measured again: asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_trials [--only NAME ...] [--fresh] [--write]

How figures are kept and shown: ``benchmarks/figures.py``.
"""

import os
import sys
from functools import partial

from benchmarks.figures import Benches, Figure, main, module


def ends() -> list[Figure]:
    found, _ = module("benchmarks.trials.ends", "--repeat", 10)
    return [Figure(**found)]


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


def fuzz() -> list[Figure]:
    found, command = module("benchmarks.trials.fuzz")
    asked = "2,000 odd files and arguments of each kind: 0 tracebacks, 0 not finite taken"
    measured = ", ".join(f"{kind} {bad}" for kind, bad in found["bad"].items()) + " bad"
    passed = not any(found["bad"].values())
    return [Figure("fuzz", asked, measured, found["n"], command, passed)]


def fresh() -> list[Figure]:
    found, command = module("benchmarks.trials.fresh")
    n = found["machines"]
    return [
        Figure(
            "fresh-demo",
            "demo on a fresh machine: at most 60 s from the end of the install to the report, "
            "no proposal over 5 s",
            f"at most {found['seconds']:.0f} s, longest silence {found['silence']:.1f} s, longest "
            f"proposal {found['proposal']:.2f} s (install {found['install_s']:.0f} s)",
            n,
            command,
            found["seconds"] <= 60 and found["proposal"] <= 5,
        ),
        Figure(
            "fresh-same",
            "the same results on 5 of 5 fresh machines",
            f"{found['same']} of {n}",
            n,
            command,
            found["same"] == n == 5,
        ),
    ]


def growth() -> list[Figure]:
    found, command = module("benchmarks.trials.growth")
    asked = "10,000 experiments: the last thousand at most 1.2 x the first"
    first, last = found["cpu_ms"][0], found["cpu_ms"][-1]
    measured = (
        f"{found['ratio']:.2f} x of CPU time ({first:.1f} and {last:.1f} ms an experiment); "
        f"{found['wall_ratio']:.2f} x of wall time"
    )
    passed = found["ratio"] <= 1.2
    return [
        Figure("growth", asked, measured, found["experiments"], command, passed),
        *(
            Figure(
                f"growth-{word}",
                f"labloop {word} of 10,000 experiments: under {most} s",
                f"{found['looks'][word]:.2f} s of wall time",
                1,
                command,
                found["looks"][word] < most,
            )
            for word, most in (("status", 1), ("report", 5), ("export", 10))
        ),
    ]


LINES = ("emulated", "tcp", "pty") if os.name == "posix" else ("emulated", "tcp")

FIGURES: Benches = {
    "ends": ends,
    **{f"exchanges-{what}": partial(exchanges, what) for what in (*LINES, "drivers")},
    "fuzz": fuzz,
    "fresh": fresh,
    "growth": growth,
}


if __name__ == "__main__":
    sys.exit(main(FIGURES, "figures-trials"))
