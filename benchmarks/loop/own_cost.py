"""Own cost per experiment of six actions: everything but proposal, device time and commits.

Usage: python -m benchmarks.loop.own_cost plain|prefect [--experiments 201] [--profile FILE]

Wall time between the ends of consecutive experiments, minus the seconds that the brain took
and the seconds inside COMMIT. Lab time costs nothing here (simulated time), but the work of
driver and emulator is counted as ours. Where other processes share the machine, wall time
holds their turns too: CPU time of this process (all threads, brain taken off) stands beside it.
Prints one JSON line.
"""

import argparse
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.loop._common import answer, own_prefect, say
from benchmarks.loop._profile import profiled
from labloop.campaign import Campaign, PlainHooks, Snapshot, load_campaign
from labloop.records import ProposalBatch
from labloop.store import Database, open_database

CAMPAIGN = """
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace, quantity

async def six(lab, x):
    await lab.pump_a.stop()
    await lab.pump_a.set_rate(quantity(1, "mL/min"))
    await lab.pump_a.start()
    await lab.pump_a.set_rate(quantity(2, "mL/min"))
    await lab.pump_a.stop()
    await lab.pump_a.set_rate(x.rate)
    return {"y": x.rate.magnitude}

campaign = CampaignSpec("cost", SearchSpace(Continuous("rate", 0.5, 5, unit="mL/min")),
    outputs=[Scalar("y")], objective=Maximize("y"), procedure=six, lab="lab.toml",
    strategy="random", budget=Budget(experiments=EXPERIMENTS))
"""
LAB = """
[lab]
name = "cost"
world = "flow_reactor"
safe_order = ["pump_a"]
[devices.pump_a]
driver = "new_era"
url = "serial://COM3?baud=19200"
[devices.pump_a.options]
diameter = "14.6 mm"
[devices.pump_a.limits]
"set_rate.rate" = { min = "0 mL/min", max = "10 mL/min" }
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """Clocks and counters at the end of an experiment."""

    wall: float
    cpu: float
    brain_wall: float
    brain_cpu: float
    in_commit: float
    in_statements: float
    commits: int


class Stopwatch(PlainHooks):
    """Notes wall time, commit time and brain time at the end of each experiment."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.marks: list[Mark] = []
        self._database = database
        self._brain_wall = self._brain_cpu = 0.0
        self._finished = -1

    def propose(self, round_index: int, call: Callable[[], ProposalBatch]) -> ProposalBatch:
        """Ask the brain, and take the time."""
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            return super().propose(round_index, call)
        finally:
            self._brain_wall += time.perf_counter() - wall
            self._brain_cpu += time.thread_time() - cpu

    def changed(self, snapshot: Snapshot) -> None:
        """Note all clocks where an experiment has ended."""
        if snapshot.finished == self._finished:
            return
        self._finished = snapshot.finished
        stats = self._database.statistics()
        self.marks.append(
            Mark(
                time.perf_counter(),
                time.process_time(),
                self._brain_wall,
                self._brain_cpu,
                stats.seconds_in_commit,
                stats.seconds_in_operations,
                stats.commits,
            )
        )


def measure(engine: str, experiments: int, profile: Path | None) -> dict[str, object]:
    """Run the campaign and return medians over its experiments."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        text = CAMPAIGN.replace("EXPERIMENTS", str(experiments))
        (folder / "campaign.py").write_text(text, encoding="utf-8")
        (folder / "lab.toml").write_text(LAB, encoding="utf-8")
        stack.enter_context(own_prefect(folder) if engine == "prefect" else nullcontext())
        # Around the database too, whose writer is a thread of its own.
        stack.enter_context(nullcontext() if profile is None else profiled(profile))
        database = stack.enter_context(open_database(folder / "cost.db"))
        campaign = Campaign.create(database, load_campaign(folder / "campaign.py"), actor="bench")
        watch = Stopwatch(database)
        say(f"{experiments} experiments, engine {engine}")
        run(engine, campaign, watch)
        bare = bare_commit(folder)
    # The first experiment warms up: imports, pint's units, prepared statements.
    steps = list(pairwise(watch.marks[1:]))
    own = [
        (b.wall - a.wall) - (b.brain_wall - a.brain_wall) - (b.in_commit - a.in_commit)
        for a, b in steps
    ]
    cpu = [(b.cpu - a.cpu) - (b.brain_cpu - a.brain_cpu) for a, b in steps]
    return {
        "engine": engine,
        "n": len(own),
        "own_ms": 1e3 * statistics.median(own),
        "own_cpu_ms": 1e3 * statistics.median(cpu),
        "wall_ms": 1e3 * statistics.median(b.wall - a.wall for a, b in steps),
        "brain_ms": 1e3 * statistics.median(b.brain_wall - a.brain_wall for a, b in steps),
        "commits": statistics.median(b.commits - a.commits for a, b in steps),
        "commit_ms": 1e3 * statistics.median(b.in_commit - a.in_commit for a, b in steps),
        "statements_ms": 1e3
        * statistics.median(b.in_statements - a.in_statements for a, b in steps),
        "bare_commit_ms": 1e3 * bare,
        "load": os.getloadavg()[0],
    }


def run(engine: str, campaign: Campaign, watch: Stopwatch) -> None:
    """Run to the end of the budget."""
    if engine == "plain":
        campaign.run(watch)
        return
    from labloop_workflows import PrefectEngine

    PrefectEngine().run(campaign, watch)


def bare_commit(folder: Path) -> float:
    """Return the median seconds of one durable commit of one row on this disk."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (a INTEGER)")
    taken = []
    for _ in range(100):
        start = time.perf_counter()
        connection.execute("INSERT INTO t VALUES (1)")
        taken.append(time.perf_counter() - start)
    connection.close()
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=["plain", "prefect"])
    parser.add_argument("--experiments", type=int, default=202)
    parser.add_argument("--profile", type=Path, help="write where the time of each thread goes")
    given = parser.parse_args()
    answer(measure(given.engine, given.experiments, given.profile))


if __name__ == "__main__":
    main()
