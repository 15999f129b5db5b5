"""Instrument classes of others through our adapters: asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_adapters [--only NAME ...] [--fresh] [--write]

How figures are kept and shown: ``benchmarks/figures.py``.
"""

import sys
from functools import partial

from benchmarks.figures import Benches, Figure, main, module

CALLED = {"pymeasure": "PyMeasure", "qcodes": "QCoDeS"}


def classes(library: str) -> list[Figure]:
    found, command = module("benchmarks.adapters.count", library)
    n = found["n"]
    name = f"instrument classes of {CALLED[library]}"
    loads = (
        f"{n['load']} of {n['classes']}; {n['with signals']} of them with {n['reads']} reads and "
        f"{n['actions']} actions that could be read off them"
    )
    share = n["keep"] / n["classes"]
    keeps = (
        f"{n['keep']} of {n['classes']} ({share:.0%}); {n['open']} are opened by their own code "
        "where every answer is the same"
    )
    asked = f"{name}: 80 % keep the {found['checks']} checks of the driver kit that need no wire"
    return [
        Figure(
            f"{library}-load",
            f"{name}: 100 % load",
            loads,
            n["classes"],
            command,
            n["load"] == n["classes"],
        ),
        Figure(f"{library}-keep", asked, keeps, n["classes"], command, share >= 0.8),
    ]


FIGURES: Benches = {library: partial(classes, library) for library in CALLED}


if __name__ == "__main__":
    sys.exit(main(FIGURES, "figures-adapters"))
