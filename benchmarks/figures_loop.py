"""The figures that the loop promises: asked, measured, n, command, PASS or MISS.

Usage: python -m benchmarks.figures_loop [--only NAME ...] [--fresh] [--write]

Each figure is kept in .figures/ as soon as it is measured, so an interrupted run goes on where
it was; ``--fresh`` measures again. Ends with exit code 1 where a figure was missed.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".figures"
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


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


def module(name: str, *arguments: object) -> tuple[dict, str]:
    """Run a bench and return the JSON of its last line and the command that shows it."""
    words = [sys.executable, "-m", name, *(str(a) for a in arguments)]
    shown = " ".join(["python -m", name, *(str(a) for a in arguments)])
    print(f"   measuring: {shown}", flush=True)
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{shown} ended with exit code {done.returncode}")
    return json.loads(done.stdout.strip().splitlines()[-1]), shown


def start_up() -> list[Figure]:
    found, command = module("benchmarks.loop.start_up")
    return [
        Figure(
            "import",
            "import labloop under 0.3 s",
            f"{found['import_s']:.3f} s",
            found["n"],
            command,
            found["import_s"] < 0.3,
        ),
        Figure(
            "help",
            "labloop --help under 0.5 s",
            f"{found['help_s']:.3f} s",
            found["n"],
            command,
            found["help_s"] < 0.5,
        ),
    ]


def own_cost() -> list[Figure]:
    figures = []
    peer, _ = module("benchmarks.loop.bluesky_cost")
    for engine, limit in (("plain", 4.0), ("prefect", 15.0)):
        found, command = module("benchmarks.loop.own_cost", engine)
        measured = (
            f"{found['own_ms']:.2f} ms of wall time ({found['own_cpu_ms']:.2f} ms of CPU time, "
            f"commits included, load {found['load']:.1f}); {found['commits']:g} commits take "
            f"{found['commit_ms']:.1f} ms beside (bare commit {found['bare_commit_ms']:.2f} ms); "
            f"{peer['text']}"
        )
        asked = f"own cost per experiment of 6 actions, {engine}: median at most {limit:g} ms"
        figures.append(
            Figure(f"cost-{engine}", asked, measured, found["n"], command, found["own_ms"] <= limit)
        )
    return figures


def lab_day() -> list[Figure]:
    found, command = module("benchmarks.lab_day")
    asked = "24 h of the flow lab, four instruments read every second, journal on: under 10 s"
    measured = (
        f"{found['seconds']:.2f} s for {found['reads']} reads ({found['cpu_seconds']:.2f} s of CPU)"
    )
    return [Figure("lab-day", asked, measured, 1, command, found["seconds"] < 10.0)]


def determinism() -> list[Figure]:
    figures = []
    for lab in ("flow_snar", "direct_arylation"):
        found, command = module("benchmarks.loop.determinism", lab, "--runs", 20)
        asked = f"same seed, same log to the byte in 20 of 20 runs: {lab}"
        measured = (
            f"{found['same']} of {found['runs']} ({found['bytes']} bytes; "
            f"{found['experiments']} experiments, strategy {found['strategy']})"
        )
        passed = found["same"] == found["runs"] == 20
        figures.append(Figure(f"same-{lab}", asked, measured, 20, command, passed))
    return figures


def demo() -> list[Figure]:
    found, command = module("benchmarks.loop.demo")
    asked = (
        "demo after the install: at most 120 s, never silent over 3 s, 20 DONE experiments with "
        "proposal and 6 actions whose frames equal the emulators' truth log, report over 50 kB"
    )
    measured = (
        f"{found['seconds']:.0f} s, longest silence {found['silence']:.1f} s, "
        f"{found['done']} done, fewest actions {found['actions']}, "
        f"frames equal: {found['frames_equal']}, "
        f"report {found['report_kb']:.0f} kB, offline: {found['offline']} "
        f"({found['offline_why']})"
    )
    passed = (
        found["seconds"] <= 120
        and found["silence"] <= 3
        and found["done"] >= 20
        and found["proposals"] == found["done"]
        and found["actions"] >= 6
        and found["frames_equal"]
        and found["report_kb"] > 50
        and found["offline"]
    )
    return [Figure("demo", asked, measured, found["done"], command, passed)]


def arylation() -> list[Figure]:
    found, command = module("benchmarks.planner.arylation_figure")
    asked = (
        "direct arylation, batches of 5, 50 experiments, paired with BayBE, {}: median ratio of "
        "experiments to 90.39 %: goal 0.7, upper end of the 90 % interval below 1.0"
    )
    return [
        Figure(
            f"arylation-{row['name']}",
            asked.format(f"both sides know {row['name']}"),
            f"{row['text']}; beside: {found['beside']}",
            row["n"],
            command,
            bool(row["passed"]),
        )
        for row in found["rows"]
    ]


def online() -> list[Figure]:
    found, command = module("benchmarks.loop.online_equals_offline", "--seeds", 3)
    asked = "3 seeds through robot, HPLC, database and Prefect equal the offline run"
    measured = (
        f"{found['equal']} of {found['points']} points equal ({found['experiments']} experiments "
        f"a seed), yields within {found['largest_difference']:.1g} %"
    )
    passed = found["equal"] == found["points"] > 0
    return [Figure("online", asked, measured, found["points"], command, passed)]


def physics() -> list[Figure]:
    found, command = module("benchmarks.physics.flow_figure")
    asked = (
        "flow reactor, 30 seeds, 30 experiments: experiments to 95 % of the optimum with physics "
        "at most half of those without (restricted means)"
    )
    return [Figure("physics", asked, found["text"], found["n"], command, bool(found["passed"]))]


def members() -> list[Figure]:
    found, command = module("benchmarks.planner.members_figure")
    asked = "on every built-in problem auto's median at most 1.1x the better of its members"
    return [Figure("members", asked, found["text"], found["n"], command, bool(found["passed"]))]


FIGURES: dict[str, Callable[[], list[Figure]]] = {
    "start_up": start_up,
    "own_cost": own_cost,
    "lab_day": lab_day,
    "determinism": determinism,
    "demo": demo,
    "online": online,
    "physics": physics,
    "members": members,
    "arylation": arylation,
}


def measure(name: str, *, fresh: bool) -> list[Figure]:
    """Return the figures of one bench, measured now or kept from before."""
    kept = KEPT / f"{name}.json"
    if kept.is_file() and not fresh:
        return [Figure(**row) for row in json.loads(kept.read_text(encoding="utf-8"))]
    start = time.monotonic()
    figures = FIGURES[name]()
    KEPT.mkdir(exist_ok=True)
    kept.write_text(json.dumps([asdict(f) for f in figures], indent=1), encoding="utf-8")
    print(f"   {name} took {time.monotonic() - start:.0f} s", flush=True)
    return figures


def write_page(figures: list[Figure]) -> None:
    """Put the figures into the page that keeps them, between its two marks."""
    text = PAGE.read_text(encoding="utf-8")
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    rows = ["", "", "| | asked | measured | n | command |", "|---|---|---|---|---|"]
    for f in figures:
        cells = (
            f"**{'PASS' if f.passed else 'MISS'}**",
            f.asked,
            f.measured,
            f.n,
            f"`{f.command}`",
        )
        rows.append("| " + " | ".join(str(c).replace("|", "/") for c in cells) + " |")
    PAGE.write_text(text[:begin] + "\n".join(rows) + "\n\n" + text[end:], encoding="utf-8")


def main() -> int:
    """Measure, print a line each, and return 1 where one was missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    parser.add_argument("--only", nargs="*", choices=list(FIGURES), default=list(FIGURES))
    parser.add_argument("--fresh", action="store_true")
    given = parser.parse_args()
    figures = [f for name in given.only for f in measure(name, fresh=given.fresh)]
    print()
    for figure in figures:
        print(figure.line())
    if given.write:
        write_page(figures)
    return 0 if all(figure.passed for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
