"""The demo as somebody sees it who has just installed labloop, and what its records hold.

Usage: python -m benchmarks.loop.demo [--experiments N]

Runs ``labloop demo`` in a fresh folder with a Prefect of its own and reads its output through
a pipe, noting when each piece came. Then compares the database with the log that the simulated
world kept by itself: what the journal says was sent to each device must have arrived there, to
the byte and in that order. Last, opens the report in a browser that has no network. Prints one
JSON line.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from benchmarks.loop._common import answer, prefect_environment, say, stop_server
from benchmarks.loop._offline import shows_offline
from labloop.records import ActionState, ExperimentState, JournalEntry, Repositories
from labloop.store import open_database


@dataclass(frozen=True, slots=True)
class Course:
    """How the demo went by, in wall seconds."""

    seconds: float
    silence: float
    code: int


def watch(words: list[str], folder: Path, environment: dict[str, str]) -> Course:
    """Run a command with its output in a pipe; return how long it took and was silent."""
    began = last = time.monotonic()
    silence = 0.0
    process = subprocess.Popen(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None  # noqa: S101 - for the type checker: asked for above
    # Read until the process has ended: its server keeps nothing of the pipe.
    while chunk := os.read(process.stdout.fileno(), 65536):
        now = time.monotonic()
        if now - last > silence:
            silence = now - last
            say(f"silent for {silence:.2f} s until {now - began:.1f} s")
        last = now
        sys.stderr.write(chunk.decode(errors="replace"))
    code = process.wait()
    now = time.monotonic()
    return Course(now - began, max(silence, now - last), code)


Arrival: TypeAlias = tuple[float, bytes]
"""Lab second and bytes of one frame."""
RESOLUTION = 1e-6
"""The world's log tells lab seconds with so many decimals."""


def received(truth: Path) -> dict[str, list[Arrival]]:
    """Return device -> the frames that arrived there, by the world's own log."""
    found: dict[str, list[Arrival]] = defaultdict(list)
    for line in truth.read_text(encoding="utf-8").splitlines():
        words = line.split(" ")
        if len(words) == 5 and words[3] == ">":
            found[words[2]].append((float(words[0]), bytes.fromhex(words[4])))
    return found


def arrived(entry: JournalEntry, rest: Iterator[Arrival]) -> bool:
    """Return whether all frames of an action came, in order and while the action ran.

    ``rest`` are the arrivals at its device that no earlier action has taken; reads and the
    pumps' keep-alive may lie between.
    """
    assert entry.outcome is not None  # noqa: S101 - asked by the only caller
    first, last = entry.intent.lab_time - RESOLUTION, entry.outcome.lab_time + RESOLUTION
    return all(
        any(frame == came and first <= when <= last for when, came in rest)
        for frame in entry.outcome.sent
    )


def frames_equal(entries: Iterable[JournalEntry], truth: dict[str, list[Arrival]]) -> bool:
    """Return whether what the journal says was sent to each device arrived there."""
    rest = {device: iter(frames) for device, frames in truth.items()}
    checked = 0
    for entry in entries:
        if entry.intent.kind != "action" or entry.outcome is None:
            continue
        if not arrived(entry, rest.get(entry.intent.device, iter(()))):
            say(f"{entry.intent.id} {entry.intent.name}: journal and world's log differ")
            return False
        checked += len(entry.outcome.sent)
    say(f"{checked} frames of actions among {sum(map(len, truth.values()))} that arrived")
    return checked > 0


def proposed(repositories: Repositories, campaign_id: str) -> Iterator[str]:
    """Yield the ids of DONE experiments whose round holds their very point."""
    rounds = {r.index: r for r in repositories.rounds.all(campaign_id)}
    for row in repositories.experiments.all(campaign_id, {ExperimentState.DONE}):
        if row.round_index is None or row.proposal_index is None:
            continue
        proposals = rounds[row.round_index].proposals
        if dict(proposals[row.proposal_index].point) == dict(row.point):
            yield row.id


def examine(database: Path, truth: Path) -> dict[str, object]:
    """Return what the demo's records hold."""
    with open_database(database, read_only=True) as repositories:
        (campaign,) = repositories.campaigns.all()
        done = repositories.experiments.all(campaign.id, {ExperimentState.DONE})
        entries = repositories.journal.entries(campaign.id)
        actions = Counter(
            entry.intent.experiment_id
            for entry in entries
            if entry.intent.kind == "action"
            and entry.outcome is not None
            and entry.outcome.state is ActionState.DONE
            and entry.outcome.sent
        )
        return {
            "done": len(done),
            "proposals": len(list(proposed(repositories, campaign.id))),
            "actions": min((actions[row.id] for row in done), default=0),
            "frames_equal": frames_equal(entries, received(truth)),
        }


def measure(experiments: int | None) -> dict[str, object]:
    """Run the demo and look at everything that it left."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = prefect_environment(folder)
        target, truth = folder / "labloop-demo", folder / "truth.txt"
        words = [sys.executable, "-m", "labloop", "demo", str(target), "--truth", str(truth)]
        if experiments is not None:
            words += ["--experiments", str(experiments)]
        try:
            course = watch(words, folder, environment)
            if course.code:
                sys.exit(f"the demo ended with exit code {course.code}")
            found = examine(target / "labloop.db", truth)
        finally:
            stop_server(environment)
        report = target / "report.html"
        offline, why = shows_offline(report)
        return {
            "seconds": course.seconds,
            "silence": course.silence,
            **found,
            "report_kb": report.stat().st_size / 1000,
            "offline": offline,
            "offline_why": why,
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--experiments", type=int, help="instead of the example's own budget")
    answer(measure(parser.parse_args().experiments))


if __name__ == "__main__":
    main()
