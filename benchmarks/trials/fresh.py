"""``make demo`` on machines that have never seen labloop: how long, how silent, the same results?

Usage: python -m benchmarks.trials.fresh [--machines 5]

A machine is a clone of the last commit in an empty folder, with an empty home: no cache, no
environment, no server, nothing compiled. All are installed before the first demo runs, so that no
install is near. What is measured begins with ``make demo`` where everything is installed and ends
with the process, whose last act is the report. Prints one JSON line.
"""

import argparse
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import ROOT
from benchmarks.loop._common import answer, prefect_environment, say, stop_server
from benchmarks.loop.demo import watch
from labloop.records import ExperimentState, Json, content_hash
from labloop.store import open_database

INSTALL = "import make; make.install('demo')"


@dataclass(frozen=True)
class Machine:
    """An empty folder with a clone, and the environment of somebody who has just made it."""

    clone: Path
    environment: dict[str, str]
    install_seconds: float


def installed(folder: Path) -> Machine:
    """Return a machine on which all that the demo needs is installed."""
    clone = folder / "labloop"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    home = folder / "home"
    home.mkdir()
    own = {"HOME": str(home), "USERPROFILE": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    environment = {**prefect_environment(folder), **own, "PYTHONUNBUFFERED": "1"}
    for name in ("PYTHONPATH", "VIRTUAL_ENV", "LABLOOP_STATE", "LABLOOP_DB"):
        environment.pop(name, None)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", INSTALL],
        cwd=clone,
        env={**environment, "PYTHONPATH": str(clone / "tools")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        sys.exit(f"the install failed:\n{done.stdout.decode(errors='replace')}")
    return Machine(clone, environment, time.monotonic() - began)


def demo(machine: Machine) -> dict[str, object]:
    """Run the demo on one machine; return seconds and what was found."""
    words = [sys.executable, "tools/make.py", "demo"]
    try:
        course = watch(words, machine.clone, machine.environment)
        if course.code:
            sys.exit(f"the demo ended with exit code {course.code}")
        return {
            "install_s": machine.install_seconds,
            "seconds": course.seconds,
            "silence": course.silence,
            **found(machine.clone / ".demo" / "labloop.db"),
        }
    finally:
        stop_server(machine.environment)


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
    with ExitStack() as stack:
        folders = [stack.enter_context(TemporaryDirectory()) for _ in range(given.machines)]
        for machine in [installed(Path(folder)) for folder in folders]:
            rows.append(demo(machine))
            say(f"machine {len(rows)}: {rows[-1]}")
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
