"""PostgreSQL crashes again and again under a campaign: is every experiment accounted for?

Usage: python -m benchmarks.durability.restarts [--experiments 1000] [--between 5 40] [--limit S]

The server is ended at once (``pg_ctl -m immediate``, as a crash does) and started again up to two
seconds later. The campaign stops with a sentence each time and is resumed until its budget is
used up, as a service manager does. Judged by the doser's own log, the journal and the chain, as
for the kills. Prints one JSON line. POSIX only.
"""

import argparse
import json
import os
import random
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.durability import doser
from benchmarks.durability.kills import compare, program, run
from benchmarks.durability.postgres import Postgres, own_postgres
from benchmarks.loop._common import answer, say
from benchmarks.trials._platform import forked
from labloop.errors import LabloopError
from labloop.records import Command, CommandKind, ExperimentState, Mode
from labloop.store import open_database, verify

_DOWN = 2.0
"""Seconds that the server is away at most."""


class Chaos(threading.Thread):
    """Restarts a server at random until it is told to end."""

    def __init__(self, server: Postgres, between: tuple[float, float]) -> None:
        super().__init__(daemon=True)
        self.restarts = 0
        self._server = server
        self._between = between
        self._draw = random.Random(1)
        self._ended = threading.Event()

    def run(self) -> None:
        """Restart."""
        while not self._ended.wait(self._draw.uniform(*self._between)):
            self._server.stop("immediate")
            time.sleep(self._draw.uniform(0.0, _DOWN))
            self._server.start()
            self.restarts += 1

    def end(self) -> None:
        """Leave the server running."""
        self._ended.set()
        self.join()


def measure(experiments: int, between: tuple[float, float], limit: float) -> dict[str, object]:
    """Run the campaign to its end, or for ``limit`` seconds; return what was counted."""
    with tempfile.TemporaryDirectory(prefix="restarts-") as name, own_postgres() as server:
        folder = Path(name)
        os.environ |= {"LABLOOP_STATE": f"{name}/state", "LABLOOP_LOCKS": f"{name}/locks"}
        os.environ["LABLOOP_FILES"] = f"{name}/files"
        with forked(lambda: doser.keep_truth(folder)):
            while not (folder / "urls.json").exists():
                time.sleep(0.01)
            urls = json.loads((folder / "urls.json").read_text(encoding="ascii"))
            doser.write_campaign(folder, urls["doser"], seed=1, experiments=experiments)
            (folder / "budget").write_text(str(experiments), encoding="ascii")
            open_database(server.url).close()
            chaos = Chaos(server, between)
            chaos.start()
            starts = _until_done(folder, server.url, time.monotonic() + limit)
            chaos.end()
            found = _judge(folder, server.url)
    return {"restarts": chaos.restarts, "starts": starts, "asked_for": experiments, **found}


def _until_done(folder: Path, url: str, until: float) -> int:
    """Start the campaign again and again; be the person who answers; return how often."""
    starts = 0
    while time.monotonic() < until:
        starts += 1
        pid = program(lambda: run(folder, url, "plain", lambda: None))
        while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
            try:
                _answer(url)
            except LabloopError:
                # The server is away; it is asked again.
                time.sleep(0.2)
            time.sleep(1.0)
        if os.waitstatus_to_exitcode(ended[1]) == 0:
            return starts
        say(f"start {starts} ended; {len(doser.carried_out(folder)) // 3} experiments")
        time.sleep(0.5)
    return starts


def _answer(url: str) -> None:
    """Give up what is uncertain, as a person does."""
    with open_database(url) as database:
        record = database.campaigns.find("kills", Mode.REAL)
        if record is None:
            return
        asked = {
            str(command.arguments.get("experiment")) for command in database.commands.all(record.id)
        }
        for row in database.experiments.all(record.id, {ExperimentState.UNCERTAIN}):
            if row.id not in asked:
                command = Command(
                    campaign_id=record.id,
                    kind=CommandKind.RESOLVE,
                    actor="bench",
                    arguments={"experiment": row.id, "outcome": "abandoned"},
                )
                database.commands.add(command).result()


def _judge(folder: Path, url: str) -> dict[str, object]:
    with open_database(url) as database:
        record = database.campaigns.find("kills", Mode.REAL)
        if record is None:
            raise SystemExit("the campaign is not stored")
        rows = database.experiments.all(record.id)
        given_up = {row.id for row in rows if row.state is ExperimentState.ABANDONED}
        found = compare(database, record.id, folder, given_up)
        return {**found, "experiments": len(rows), "whole": verify(database).whole}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--between", nargs=2, type=float, default=(5.0, 40.0), metavar="SECONDS")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds in all")
    given = parser.parse_args()
    answer(measure(given.experiments, tuple(given.between), given.limit))


if __name__ == "__main__":
    main()
