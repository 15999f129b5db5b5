"""A lab whose program or line is lost: asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_watchdog [--only NAME ...] [--fresh] [--write]

How figures are kept and shown: ``benchmarks/figures.py``; trials are kept beside them.
"""

import sys
from functools import partial

from benchmarks.figures import Benches, Figure, main, module

REPEAT = 200
WAYS = {
    "kill": "kill -9 of the program",
    "stop": "SIGSTOP of the program",
    "closed-terminal": "the program's terminal is closed",
    "cut-socket": "sockets are cut, and stay cut",
    "unplugged-pty": "terminals are unplugged, and stay so",
    "blocked-loop": "code blocks the lab's loop for ever",
}


def lost(way: str, repeat: int) -> list[Figure]:
    found, command = module("benchmarks.devices.watchdog", "--only", way, "--repeat", repeat)
    row, limit = found["rows"][way], found["limit"]
    asked = f"{WAYS[way]}, {repeat} times: safe within {limit:g} s (watchdog 2 s) in 100 %"
    measured = (
        f"{row['good']} of {row['n']} ({row['left_on']} left on); median {row['median']:.2f} s, "
        f"at most {row['most']:.2f} s; load of the machine {row['load']:g}"
    )
    passed = row["good"] == row["n"] >= repeat
    return [Figure(f"lost-{way}", asked, measured, row["n"], command, passed)]


FIGURES: Benches = {way: partial(lost, way, REPEAT) for way in WAYS}


if __name__ == "__main__":
    sys.exit(main(FIGURES, "figures-watchdog"))
