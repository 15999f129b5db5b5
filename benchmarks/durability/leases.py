"""Eight processes that reserve one instrument again and again: is it ever two's at once?

Usage: python -m benchmarks.durability.leases [--database sqlite|postgresql] [--processes 8]
       [--reservations 5000]

Each reservation takes the lease of one device, works under it and gives it back. Who works makes a
file that must not be there yet, and removes it: two at once are seen by it. The lease of the
reservation before is stale then: it must not count as held, and giving it back must free nothing.
Commits do not wait for the disk, because who was first is asked here and not what survives. Prints
one JSON line. POSIX only.
"""

import argparse
import json
import os
import random
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.durability.postgres import own_postgres
from benchmarks.loop._common import answer
from labloop.errors import LeaseError
from labloop.records import LeaseGrant
from labloop.store import open_database
from labloop.store.engine import connect

RESOURCE = "device:bench/pump"


def work(url: str, folder: Path, number: int, reservations: int) -> None:
    """Be one process: reserve, look who else is in, give back; write down what was seen."""
    draw, inside = random.Random(number), folder / "inside"
    tokens: list[int] = []
    counts = {"overdrawn": 0, "waited": 0, "stale": 0, "refused": 0}
    before: LeaseGrant | None = None
    with open_database(url) as database:
        while len(tokens) < reservations:
            try:
                grant = database.leases.acquire(RESOURCE, f"racer {number}")
            except LeaseError:
                counts["waited"] += 1
                time.sleep(draw.uniform(0.0, 0.02))
                continue
            tokens.append(grant.token)
            try:
                inside.touch(exist_ok=False)
            except FileExistsError:
                counts["overdrawn"] += 1
            if before is not None:
                counts["stale"] += 1
                database.leases.release(before)
                held = (database.leases.holds(before), database.leases.holds(grant))
                counts["refused"] += held == (False, True)
            inside.unlink(missing_ok=True)
            database.leases.release(grant)
            before = grant
    (folder / f"said-{number}").write_text(
        json.dumps({"tokens": tokens, **counts}), encoding="ascii"
    )


def measure(database: str, processes: int, reservations: int) -> dict[str, object]:
    """Let the processes race, and count."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = str(folder / "labloop.db")
        if database == "postgresql":
            url = stack.enter_context(own_postgres()).url
        open_database(url).close()
        start = time.monotonic()
        children = [_fork(url, folder, n, reservations) for n in range(processes)]
        failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
        seconds = time.monotonic() - start
        said = [json.loads(path.read_text(encoding="ascii")) for path in folder.glob("said-*")]
    tokens = [token for one in said for token in one["tokens"]]
    return {
        "processes": processes,
        "failed": failed,
        "reservations": len(tokens),
        "twice": len(tokens) - len(set(tokens)),
        **{n: sum(one[n] for one in said) for n in ("overdrawn", "waited", "stale", "refused")},
        "seconds": round(seconds, 1),
    }


def _fork(url: str, folder: Path, number: int, reservations: int) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work(url, folder, number, reservations)
        code = 0
    finally:
        os._exit(code)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--reservations", type=int, default=5000)
    given = parser.parse_args()
    connect.SYNCHRONOUS = "OFF"
    answer(measure(given.database, given.processes, given.reservations))


if __name__ == "__main__":
    main()
