"""Breaks every shipped driver on purpose, one place at a time: the kit must turn red.

Usage: python -m benchmarks.devices.mutation [--short] [--only DRIVER ...] [--fresh] [--write]

``--short`` takes one mutant of each kind for each driver. Drivers that were done
are kept in ``.figures``; ``--fresh`` does them again, ``--write`` puts the table into
``docs/reference/field.md``. Each driver's mutants run in a process of their own, which is ended
where one of them does not come back: that is seen, too.
"""

import argparse
import importlib
import importlib.abc
import importlib.util
import json
import os
import queue
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.devices.mutants import KINDS, Mutant, mutants
from labloop.testing.drivers import DriverCase, driver_checks
from labloop_simulators.cases import SHIPPED

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "field.md"
BEGIN, END = "<!-- mutants -->\n", "<!-- end of mutants -->"
DRIVERS = tuple(dict.fromkeys(case.driver for case in SHIPPED))
KEPT = ROOT / ".figures" / "mutants.json"
PATIENCE = 60.0
"""Seconds after which the kit on a mutant has not come back."""


EQUIVALENT = frozenset(
    {
        # What finds the end of an answer has passed over those of other addresses.
        ("new_era", "not raised: ProtocolError if text[:2] != b'%02d' % address"),
        # What finds the end of a block waits for that length, and a checksum guards an empty one.
        (
            "uv_detector",
            "not raised: ProtocolError if len(block) != count * WIDTH + _TAIL or not count",
        ),
    }
)
"""(Driver, what is broken) that cannot be told from the whole driver at its wire."""


class _Broken(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from another source."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        self.name, self.mutant = name, mutant

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002 - as the import system calls it
        """Return the spec of the broken module."""
        return importlib.util.spec_from_loader(name, self) if name == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the broken source."""
        exec(compile(self.mutant.source, f"<{self.name}>", "exec"), vars(module))  # noqa: S102 - our own driver, broken


@contextmanager
def broken(driver: str, mutant: Mutant) -> Iterator[None]:
    """Have the driver of that name broken in this block."""
    package = f"labloop_devices.{driver}"
    kept = {
        n: sys.modules.pop(n) for n in list(sys.modules) if n.split(".")[:2] == package.split(".")
    }
    finder = _Broken(f"{package}.{mutant.file}", mutant)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [n for n in sys.modules if n.split(".")[:2] == package.split(".")]:
            del sys.modules[name]
        sys.modules.update(kept)


def found_by(driver: str, mutant: Mutant, cases: Sequence[DriverCase] = SHIPPED) -> str:
    """Return which check turns red on a mutant, empty where none does."""
    own = [case for case in cases if case.driver == driver]
    checks = sorted(driver_checks(), key=lambda check: not check.asks_for)
    with broken(driver, mutant):
        for check in checks:
            for case in own:
                try:
                    check(case)
                except Exception:  # noqa: BLE001 - that is what is looked for
                    return check.name
    return ""


def all_of(driver: str) -> list[Mutant]:
    """Return the mutants of a driver: those of its protocol first."""
    folder = ROOT / "devices" / "labloop_devices" / driver
    return [
        mutant
        for file in ("_protocol", "_driver")
        for mutant in mutants(file, (folder / f"{file}.py").read_text(encoding="utf-8"))
    ]


def short(driver: str) -> list[Mutant]:
    """Return the first mutant of each kind that differs from its driver."""
    found = [mutant for mutant in all_of(driver) if (driver, mutant.what) not in EQUIVALENT]
    firsts = [next((m for m in found if m.kind == kind), None) for kind in KINDS]
    return [mutant for mutant in firsts if mutant is not None]


def measure(driver: str) -> Iterator[tuple[Mutant, str]]:
    """Yield each mutant of a driver with the check that found it, empty where none did."""
    waiting = all_of(driver)
    begin = 0
    while begin < len(waiting):
        words = [
            sys.executable,
            "-m",
            "benchmarks.devices.mutation",
            "--worker",
            driver,
            str(begin),
        ]
        worker = subprocess.Popen(
            words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        told: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(worker, told), daemon=True).start()
        while begin < len(waiting):
            try:
                line = told.get(timeout=PATIENCE)
            except queue.Empty:
                line = ""
            name = json.loads(line) if line else "it does not come back"
            yield waiting[begin], name
            begin += 1
            if not line:
                break
        worker.kill()
        worker.wait()


def _read(worker: "subprocess.Popen[str]", told: "queue.SimpleQueue[str]") -> None:
    assert worker.stdout is not None  # noqa: S101 - for the type checker
    for line in worker.stdout:
        told.put(line)


def work(driver: str, begin: int) -> None:
    """Print the check that finds each mutant, from number ``begin`` on."""
    for mutant in all_of(driver)[begin:]:
        print(json.dumps(found_by(driver, mutant)), flush=True)
    os._exit(0)  # a thread of a mutant may wait for ever


Missed = dict[str, list[str]]
"""Driver -> its mutants that no check saw, as ``told`` has them."""


def told(mutant: Mutant) -> str:
    """Return file, line and what is broken there."""
    return f"{mutant.file}.py:{mutant.line}: {mutant.what}"


def kept() -> Missed:
    """Return what was measured before."""
    found: Missed = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else {}
    return found


def keep(missed: Missed) -> None:
    """Keep what was measured."""
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(missed, indent=1), encoding="utf-8")


def counts(driver: str, missed: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return kind -> how many mutants were seen, and how many there are."""
    made = Counter(mutant.kind for mutant in all_of(driver))
    lost = Counter(mutant.kind for mutant in all_of(driver) if told(mutant) in missed)
    return {kind: (made[kind] - lost[kind], made[kind]) for kind in KINDS}


def table(missed: Missed) -> str:
    """Return the page's table: seen and all, for each driver and kind."""
    heads = ["driver", *KINDS, "not seen"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for driver in DRIVERS:
        if driver in missed:
            seen = counts(driver, missed[driver]).values()
            cells = [f"{some} of {all_}" if all_ else "none" for some, all_ in seen]
            rest = "; ".join(each.replace("|", "/") for each in missed[driver])
            lines.append(f"| `{driver}` | {' | '.join(cells)} | {rest} |")
    return "\n".join(lines) + "\n"


def write(missed: Missed) -> None:
    """Put the table into the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + table(missed) + END + after, encoding="utf-8")


def summary(missed: Missed) -> dict[str, Any]:
    """Return seen and all of each kind, and where not one mutant of a kind was seen."""
    each = {driver: counts(driver, lines) for driver, lines in missed.items()}
    found: dict[str, Any] = {"drivers": len(missed)}
    for kind in KINDS:
        found[kind] = [sum(seen[kind][which] for seen in each.values()) for which in (0, 1)]
    found["blind"] = [
        f"{driver} {kind}"
        for driver, seen in each.items()
        for kind in KINDS
        if seen[kind][1] and not seen[kind][0]
    ]
    return found


def main() -> None:
    """Break drivers, and print a line for each mutant that nobody saw."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--only", nargs="*", choices=DRIVERS, default=list(DRIVERS))
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work(given.worker[0], int(given.worker[1]))
    if given.short:
        unseen = [f"{d} {told(m)}" for d in given.only for m in short(d) if not found_by(d, m)]
        print(*unseen, f"{len(unseen)} not seen", sep="\n")
        return
    for driver in given.only:
        if driver in kept() and not given.fresh:
            continue
        lost = []
        for mutant, name in measure(driver):
            if not name:
                print(f"NOT SEEN {driver} {mutant.kind} {told(mutant)}", flush=True)
                lost.append(told(mutant))
        keep(kept() | {driver: lost})
    if given.write:
        write(kept())
    print(json.dumps(summary(kept())))


if __name__ == "__main__":
    main()
