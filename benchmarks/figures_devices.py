"""Drivers and adapters: asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_devices [--only NAME ...] [--fresh] [--write]

How figures are kept and shown: ``benchmarks/figures.py``. The tables of mutated, altered and
broken drivers are in ``docs/reference/field.md``; their own commands write them.
"""

import sys
from functools import partial
from typing import Any

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


def commands() -> list[Figure]:
    found, command = module("benchmarks.devices.commands", "--commands", 1_000_000)
    n = found["commands"]
    told = (
        f"{found['beyond']} beyond, {found['crashes']} ended in another error than labloop's; "
        f"{found['refused']:,} refused, {found['reached the driver']:,} allowed, over all drivers"
    )
    asked = (
        "1,000,000 random commands (not a number, infinities, wrong units, huge): none leaves the "
        "limits of instrument and lab file, by the driver's arguments and by the truth log"
    )
    good = not found["beyond"] and not found["crashes"] and n >= 1_000_000
    return [Figure("commands", asked, told, n, command, good)]


def mutants() -> list[Figure]:
    found, command = module("benchmarks.devices.mutation", "--write")
    kinds = ("checksum", "unit", "error")
    seen = ", ".join(f"{found[kind][0]} of {found[kind][1]} by {kind}" for kind in kinds)
    blind = "; ".join(found["blind"]) or "none"
    asked = "a broken checksum, unit or error line turns the kit red, for each of 14 drivers"
    measured = f"{seen}; drivers of which no mutant of a kind was seen: {blind}"
    n = sum(found[kind][1] for kind in kinds)
    return [Figure("mutants", asked, measured, n, command, not found["blind"])]


def overhead() -> list[Figure]:
    found, command = module("benchmarks.devices.overhead")
    return [
        _cost("read", "15 us", 15.0, found, command),
        _cost("action", "0.2 ms without its commits", 200.0, found, command),
    ]


def _cost(what: str, asked: str, most: float, found: dict[str, Any], command: str) -> Figure:
    above = found[f"{what} above"]
    beside = [
        f"{called} {found[f'{peer} {what}']:.1f} us (ours / its {found[f'{what} / {peer}']:.2f})"
        for peer, called in (("pylabrobot", "PyLabRobot"), ("ophyd", "ophyd-async"))
        if f"{peer} {what}" in found
    ]
    measured = (
        f"{above:.1f} us of CPU; beside, in the same run: {', '.join(beside) or 'no peer here'}"
    )
    name = f"{'a read' if what == 'read' else 'an action'} costs at most {asked} above a transport"
    return Figure(f"{what}-cost", name, measured, found["n"], command, above <= most)


FIGURES: Benches = {
    "commands": commands,
    "mutants": mutants,
    "overhead": overhead,
    **{library: partial(classes, library) for library in CALLED},
}


if __name__ == "__main__":
    sys.exit(main(FIGURES, "figures-devices"))
