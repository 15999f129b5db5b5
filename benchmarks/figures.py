"""What every page of figures shares: asked, measured, n, command, PASS or MISS.

A figure is kept in .figures/ as soon as it is measured, so an interrupted run goes on where it
was; ``--fresh`` measures again. Ends with exit code 1 where a figure was missed.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".figures"
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"


@dataclass(frozen=True)
class Figure:
    """One line of what was promised and what was measured."""

    name: str
    asked: str
    measured: str
    n: int
    command: str
    passed: bool

    def line(self) -> str:
        """Return the figure as one line."""
        verdict = "PASS" if self.passed else "MISS"
        return f"{verdict}  {self.asked} | {self.measured} | n={self.n} | {self.command}"

    def row(self) -> str:
        """Return the figure as a row of a table."""
        verdict = "**PASS**" if self.passed else "**MISS**"
        cells = (verdict, self.asked, self.measured, self.n, f"`{self.command}`")
        return "| " + " | ".join(str(c).replace("|", "/") for c in cells) + " |"


Benches = Mapping[str, Callable[[], list[Figure]]]


def module(name: str, *arguments: object) -> tuple[dict[str, Any], str]:
    """Run a bench and return the JSON of its last line and the command that shows it."""
    words = [sys.executable, "-m", name, *(str(a) for a in arguments)]
    shown = " ".join(["python -m", name, *(str(a) for a in arguments)])
    print(f"   measuring: {shown}", flush=True)
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{shown} ended with exit code {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found, shown


def measure(benches: Benches, name: str, *, fresh: bool) -> list[Figure]:
    """Return the figures of one bench, measured now or kept from before."""
    kept = KEPT / f"{name}.json"
    if kept.is_file() and not fresh:
        return [Figure(**row) for row in json.loads(kept.read_text(encoding="utf-8"))]
    start = time.monotonic()
    figures = benches[name]()
    KEPT.mkdir(exist_ok=True)
    kept.write_text(json.dumps([asdict(f) for f in figures], indent=1), encoding="utf-8")
    print(f"   {name} took {time.monotonic() - start:.0f} s", flush=True)
    return figures


def write_page(figures: list[Figure], mark: str, page: Path = PAGE) -> None:
    """Put the figures into the page that keeps them, between the two marks of that name."""
    text = page.read_text(encoding="utf-8")
    opening, closing = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    begin, end = text.index(opening) + len(opening), text.index(closing)
    rows = ["", "", "| | asked | measured | n | command |", "|---|---|---|---|---|"]
    rows += [figure.row() for figure in figures]
    page.write_text(text[:begin] + "\n".join(rows) + "\n\n" + text[end:], encoding="utf-8")


def main(benches: Benches, mark: str, page: Path = PAGE) -> int:
    """Measure, print a line each, and return 1 where one was missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help=f"into {page.name}")
    parser.add_argument("--only", nargs="*", choices=list(benches), default=list(benches))
    parser.add_argument("--fresh", action="store_true")
    given = parser.parse_args()
    figures = [f for name in given.only for f in measure(benches, name, fresh=given.fresh)]
    print()
    for figure in figures:
        print(figure.line())
    if given.write:
        write_page(figures, mark, page)
    return 0 if all(figure.passed for figure in figures) else 1
