"""Processes that race for one bottle, one of them killed: nothing is overdrawn, nothing is lost.

Usage: python -m benchmarks.things.stock [PROCESSES RESERVATIONS [URL]]

Each process reserves and uses a millilitre as often as told, from a stock that is enough for five
eighths of it. The last process is killed with ``kill -9`` in the middle. Afterwards the ledger must
be what the lots are, and what was given must be what is gone. Without a URL a new SQLite file is
used, with commits that reach the disk.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from labloop.records import MILLION, STOCK_CHANGES, Filling, Mode, Shelf, StockChange
from labloop.store import Database, open_database

SHELF = Shelf("bench", Mode.REAL)
_RACER = """
import sys
from labloop.errors import StockError
from labloop.records import MILLION, Mode, Need, Shelf
from labloop.store import open_database

url, count = sys.argv[1], int(sys.argv[2])
shelf, need = Shelf("bench", Mode.REAL), Need(name="water", amount=MILLION, unit="mL")
got = refused = 0
with open_database(url) as database:
    print("ready", flush=True)
    sys.stdin.readline()
    for begin in range(0, count, 20):
        todo = range(min(20, count - begin))
        for future in [database.stock.use(shelf, need, None, "racer") for _ in todo]:
            error = future.exception()
            if error is not None and not isinstance(error, StockError):
                raise error
            got, refused = got + (error is None), refused + (error is not None)
        print(got, refused, flush=True)
"""


def race(processes: int, reservations: int, url: str) -> dict[str, Any]:
    """Return what became of a race; the database must be new."""
    asked = processes * reservations
    there = asked * 5 // 8
    with open_database(url) as database:
        lots = [there // 4, there // 2, there - there // 4 - there // 2]
        put = [Filling(name="water", unit="mL", amount=n * MILLION, lot=f"L{n}") for n in lots]
        database.stock.put(SHELF, put, "bench").result()
    racers = [_start(url, reservations) for _ in range(processes)]
    for racer in racers:
        _line(racer)
    began = time.perf_counter()
    for racer in racers:
        assert racer.stdin is not None  # noqa: S101 - for the type checker
        racer.stdin.write("\n")
        racer.stdin.close()
    killed = racers[-1]
    _line(killed)
    killed.kill()
    assert killed.stdout is not None  # noqa: S101 - for the type checker
    killed.stdout.close()
    ends = [_end(racer) for racer in racers[:-1]]
    killed.wait()
    seconds = time.perf_counter() - began
    with open_database(url) as database:
        return {
            "asked": asked,
            "there": there,
            "given_to_those_that_lived": sum(got for got, _ in ends),
            "refused": sum(refused for _, refused in ends),
            "seconds": round(seconds, 1),
            **_judged(database, there),
        }


def _judged(database: Database, there: int) -> dict[str, Any]:
    """Return what the lots and their ledger say after a race."""
    lots = database.stock.lots(SHELF)
    sums = {lot.sequence: [0, 0] for lot in lots}
    used = 0
    for entry in database.stock.entries(SHELF):
        used += entry.amount if entry.change is StockChange.USE else 0
        for at, sign in enumerate(STOCK_CHANGES[entry.change]):
            sums[entry.lot.sequence][at] += sign * entry.amount
    left = sum(lot.amount + lot.reserved for lot in lots)
    return {
        "used": used // MILLION,
        "left": left // MILLION,
        "overdrawn": max(0, used // MILLION - there),
        "lost": there - used // MILLION - left // MILLION,
        "lots_that_differ_from_their_ledger": sum(
            sums[lot.sequence] != [lot.amount, lot.reserved] for lot in lots
        ),
    }


def _start(url: str, reservations: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _RACER, url, str(reservations)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def _line(racer: "subprocess.Popen[str]") -> str:
    assert racer.stdout is not None  # noqa: S101 - for the type checker
    return racer.stdout.readline()


def _end(racer: "subprocess.Popen[str]") -> tuple[int, int]:
    """Wait for a racer; return how often it got some, and how often it was refused."""
    assert racer.stdout is not None  # noqa: S101 - for the type checker
    with racer.stdout:
        last = racer.stdout.read().strip().splitlines()[-1]
    if racer.wait():
        raise SystemExit(f"a racer ended with exit code {racer.returncode}")
    got, refused = last.split()
    return int(got), int(refused)


def main() -> None:
    """Race and print what came of it as one line of JSON."""
    words = sys.argv[1:3] if len(sys.argv) > 2 else ["8", "5000"]
    processes, reservations = (int(word) for word in words)
    if len(sys.argv) > 3:
        print(json.dumps(race(processes, reservations, sys.argv[3])))
        return
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(race(processes, reservations, str(Path(folder) / "lab.db"))))


if __name__ == "__main__":
    main()
