"""``make demo`` on machines that have never seen labloop: how long, how silent, the same results?

Usage: python -m benchmarks.trials.fresh [--machines 5]

A machine is a clone of the last commit in an empty folder, with an empty home: no cache, no
environment, no server, nothing compiled. What is measured begins when the install has ended and
ends with the process, whose last act is the report. Prints one JSON line.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import ROOT
from benchmarks.loop._common import answer, prefect_environment, say, stop_server
from labloop.records import ExperimentState, Json, content_hash
from labloop.store import open_database

INSTALLED = b"-- installed"
"""What the install says last."""


def machine(folder: Path) -> dict[str, object]:
    """Run the demo on one fresh machine; return seconds and what was found."""
    clone = folder / "labloop"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    home = folder / "home"
    home.mkdir()
    own = {"HOME": str(home), "USERPROFILE": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    environment = {**prefect_environment(folder), **own, "PYTHONUNBUFFERED": "1"}
    for name in ("PYTHONPATH", "VIRTUAL_ENV", "LABLOOP_STATE", "LABLOOP_DB"):
        environment.pop(name, None)
    try:
        return {**course(clone, environment), **found(clone / ".demo" / "labloop.db")}
    finally:
        stop_server(environment)


def course(clone: Path, environment: dict[str, str]) -> dict[str, object]:
    """Run ``make demo`` without make; return its seconds and longest silence after the install."""
    began = last = time.monotonic()
    installed, silence, said = 0.0, 0.0, b""
    process = subprocess.Popen(
        [sys.executable, "tools/make.py", "demo"],
        cwd=clone,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None  # noqa: S101 - for the type checker: asked for above
    while chunk := os.read(process.stdout.fileno(), 65536):
        now = time.monotonic()
        if installed:
            silence = max(silence, now - last)
        last, said = now, said + chunk
        if not installed and INSTALLED in said:
            installed = now
    code = process.wait()
    ended = time.monotonic()
    if code or not installed:
        say(said.decode(errors="replace"))
        sys.exit(f"the demo ended with exit code {code}")
    return {
        "install_s": installed - began,
        "seconds": ended - installed,
        "silence": max(silence, ended - last),
    }


def found(database: Path) -> dict[str, object]:
    """Return the longest proposal of the demo and the hash of all that was measured."""
    with open_database(database, read_only=True) as repositories:
        (campaign,) = repositories.campaigns.all()
        rounds = repositories.rounds.all(campaign.id)
        outputs = repositories.experiments.outputs(campaign.id)
        done = repositories.experiments.all(campaign.id, {ExperimentState.DONE})
        values: list[Json] = [f"{row.number} {sorted(outputs[row.id].items())}" for row in done]
        return {
            "proposal": max(record.seconds for record in rounds),
            "experiments": len(done),
            "results": content_hash(values),
        }


def main() -> None:
    """Run the demo on several machines, one after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--machines", type=int, default=5)
    given = parser.parse_args()
    rows = []
    for number in range(given.machines):
        with tempfile.TemporaryDirectory() as name:
            rows.append(machine(Path(name)))
        say(f"machine {number + 1}: {rows[-1]}")
    answer(
        {
            "machines": len(rows),
            "seconds": max(float(str(row["seconds"])) for row in rows),
            "silence": max(float(str(row["silence"])) for row in rows),
            "proposal": max(float(str(row["proposal"])) for row in rows),
            "install_s": max(float(str(row["install_s"])) for row in rows),
            "same": max([row["results"] for row in rows].count(row["results"]) for row in rows),
        }
    )


if __name__ == "__main__":
    main()
