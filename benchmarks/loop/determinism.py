"""Whether the same seed gives the same log, to the byte.

Usage: python -m benchmarks.loop.determinism flow_snar|direct_arylation [--runs 20]

The example campaign with the strategy "random" and few experiments: lab, drivers, emulators and
journal are looked at here, and the planner elsewhere. Every run has a fresh database with its
journal on. The log is the world's own (every frame and event with lab time and sequence), then
each journal entry (ids, arguments, results, bytes sent and received, lab times), then raw data
and outputs; wall times are left out. Two of the runs take place in processes of their own, with
another seed of ``hash()``. Prints one JSON line.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.loop._common import answer, example, say
from labloop.campaign import Campaign
from labloop.records import JournalEntry, Repositories, canonical_json
from labloop.store import open_database

EXPERIMENTS = {"flow_snar": 6, "direct_arylation": 10}
APART = 2
"""Runs in processes of their own."""


def log_of(lab: str) -> bytes:
    """Run the example once and return everything that may not differ."""
    definition = example(lab, experiments=EXPERIMENTS[lab], strategy="random")
    with (
        tempfile.TemporaryDirectory() as folder,
        open_database(Path(folder) / "same.db") as repositories,
    ):
        campaign = Campaign.create(repositories, definition, actor="bench")
        record = campaign.run()
        if campaign.truth is None:
            sys.exit("the lab kept no log of its world")
        lines = [f"campaign {record.id} {record.state.value}: {record.reason}"]
        lines += campaign.truth.lines()
        lines.append(f"digest {campaign.truth.digest()}")
        lines += [entry_line(entry) for entry in repositories.journal.entries(record.id)]
        lines += data_lines(repositories, record.id)
    return "\n".join(lines).encode()


def entry_line(entry: JournalEntry) -> str:
    """Return a journal entry without wall times."""
    intent, outcome = entry.intent, entry.outcome
    told: list[Any] = [entry.sequence, intent.id, intent.experiment_id, intent.device]
    told += [intent.kind, intent.name, intent.arguments, intent.lab_time, intent.lease_token]
    if outcome is not None:
        told += [outcome.state.value, outcome.result, outcome.detail, outcome.lab_time]
        told += [[b.hex() for b in outcome.sent], [b.hex() for b in outcome.received]]
    return canonical_json(told)


def data_lines(repositories: Repositories, campaign_id: str) -> Iterator[str]:
    """Yield where each experiment ended and what it measured."""
    outputs = repositories.experiments.outputs(campaign_id)
    for row in repositories.experiments.all(campaign_id):
        yield canonical_json([row.id, row.state.value, dict(row.point), row.lab_finished])
        for name, value in sorted(outputs.get(row.id, {}).items()):
            yield f"{row.id} {name} {exactly(value)}"
        measured = repositories.experiments.raw(row.id)
        for name, seen in sorted(measured.raw.items() if measured else ()):
            yield f"{row.id} raw {name} {exactly(seen)}"


def exactly(value: object) -> str:
    """Return a value with every bit: arrays as hex, all else as it shows itself."""
    axes = [getattr(value, axis, None) for axis in ("x", "y")]
    if any(axis is None for axis in axes):
        return repr(value)
    return " ".join(axis.tobytes().hex() for axis in axes if axis is not None)


def log_apart(lab: str, hash_seed: int) -> bytes:
    """Return the log of a run in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log"
        subprocess.run(
            [sys.executable, "-m", "benchmarks.loop.determinism", lab, "--write", str(file)],
            env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
            check=True,
        )
        return file.read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("lab", choices=list(EXPERIMENTS))
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--write", type=Path, help="run once, write the log, compare nothing")
    given = parser.parse_args()
    if given.write is not None:
        given.write.write_bytes(log_of(given.lab))
        return
    logs: Counter[str] = Counter()
    size = 0
    for run in range(given.runs):
        apart = run >= given.runs - APART
        log = log_apart(given.lab, run) if apart else log_of(given.lab)
        digest = hashlib.sha256(log).hexdigest()
        logs[digest] += 1
        size = len(log)
        where = "in its own process" if apart else "in this process"
        say(f"run {run + 1} {where}: {size} bytes, {digest[:16]}")
    answer(
        {
            "runs": given.runs,
            "same": logs.most_common(1)[0][1],
            "bytes": size,
            "experiments": EXPERIMENTS[given.lab],
            "strategy": "random",
            "sha256": logs.most_common(1)[0][0],
        }
    )


if __name__ == "__main__":
    main()
