"""What an experiment costs at the beginning and after ten thousand.

Usage: python -m benchmarks.trials.growth [--experiments 10000]

A space-filling campaign of one pump in simulated time, six actions an experiment, everything
counted: proposal, lab, journal, commits. Processor time of the whole process decides, because
wall time holds the turns of whatever else runs; it stands beside. Then the commands that look at
it, each a process of its own, by wall time. Prints one JSON line.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from benchmarks.loop._common import answer, say
from benchmarks.loop.own_cost import CAMPAIGN, LAB
from labloop.campaign import Campaign, PlainHooks, Snapshot, load_campaign
from labloop.store import open_database

PARTS = 10
LOOKS = (
    ("status", "cost"),
    ("report", "cost", "--out", "report.html"),
    ("export", "cost", "--out", "tables"),
)


class Laps(PlainHooks):
    """Notes wall and processor time at the end of each tenth of the campaign."""

    def __init__(self, experiments: int) -> None:
        super().__init__()
        self.marks = [(time.perf_counter(), time.process_time())]
        self._lap = experiments // PARTS

    def changed(self, snapshot: Snapshot) -> None:
        """Note both clocks where a tenth is over."""
        if snapshot.finished == len(self.marks) * self._lap:
            self.marks.append((time.perf_counter(), time.process_time()))
            say(f"{snapshot.finished} experiments")


def measure(experiments: int) -> dict[str, object]:
    """Run the campaign; return milliseconds an experiment in each tenth of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = CAMPAIGN.replace("EXPERIMENTS", str(experiments)).replace('"random"', '"sobol"')
        (folder / "campaign.py").write_text(text, encoding="utf-8")
        (folder / "lab.toml").write_text(LAB, encoding="utf-8")
        with open_database(folder / "growth.db") as database:
            campaign = Campaign.create(
                database, load_campaign(folder / "campaign.py"), actor="bench"
            )
            laps = Laps(experiments)
            campaign.run(laps)
        looks = {words[0]: looked(folder, *words) for words in LOOKS}
    lap = experiments // PARTS
    wall = [1e3 * (b[0] - a[0]) / lap for a, b in pairwise(laps.marks)]
    cpu = [1e3 * (b[1] - a[1]) / lap for a, b in pairwise(laps.marks)]
    return {
        "experiments": experiments,
        "cpu_ms": cpu,
        "wall_ms": wall,
        "ratio": cpu[-1] / cpu[0],
        "wall_ratio": wall[-1] / wall[0],
        "looks": looks,
    }


def looked(folder: Path, *words: str) -> float:
    """Return how many seconds a command takes that looks at the campaign, its start included."""
    command = [sys.executable, "-m", "labloop", *words, "--db", "growth.db"]
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    say(f"{words[0]}: {time.perf_counter() - began:.2f} s")
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--experiments", type=int, default=10_000)
    answer(measure(parser.parse_args().experiments))


if __name__ == "__main__":
    main()
