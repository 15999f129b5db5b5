"""Whether a campaign that was killed and resumed proposes what an undisturbed one proposes.

Usage: python -m benchmarks.loop.resumed [--campaigns 50]

Each campaign has another seed and another function to optimise: two continuous parameters and a
category, the strategy "botorch", ten experiments. It runs undisturbed in a process of its own;
in another database it runs until a random moment, is killed with SIGKILL, and is resumed in a
third process. The proposals of all rounds are compared to the last bit, and so are the results.
Prints one JSON line.
"""

import argparse
import os
import random
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.loop._common import answer, say
from labloop.brain import resolve_strategy
from labloop.campaign import Campaign, load_campaign
from labloop.records import Mode
from labloop.store import open_database

EXPERIMENTS = 10
CAMPAIGN = """
import math, time
from labloop import (
    Budget, CampaignSpec, Categorical, Continuous, Function, Maximize, Scalar, SearchSpace
)

SHIFT = {"water": 0.0, "ethanol": 0.4}

def measure(x):
    time.sleep(0.02)
    a, b = x.a - CENTRE, x.b - SHIFT[x.solvent]
    return {"y": math.exp(-3 * a * a) * math.cos(4 * b) + 0.2 * b}

campaign = CampaignSpec(
    "resumed",
    SearchSpace(
        Continuous("a", 0, 1), Continuous("b", -1, 1), Categorical("solvent", list(SHIFT))
    ),
    outputs=[Scalar("y")],
    objective=Maximize("y"),
    procedure=Function(measure, repeatable=True),
    strategy="botorch",
    budget=Budget(experiments=EXPERIMENTS),
    batch=BATCH,
    seed=SEED,
)
"""


def campaign_file(folder: Path, seed: int) -> Path:
    """Write the ``seed``-th campaign and return its path."""
    text = CAMPAIGN.replace("CENTRE", repr(0.1 + 0.8 * random.Random(seed).random()))
    text = text.replace("EXPERIMENTS", str(EXPERIMENTS)).replace("BATCH", str(1 + seed % 2))
    path = folder / "campaign.py"
    path.write_text(text.replace("SEED", str(seed)))
    return path


def in_a_process(call: Callable[[], object]) -> int:
    """Begin ``call()`` in a process that shares nothing with this one any more; return its id."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        call()
        code = 0
    finally:
        os._exit(code)


def wait_for(process: int) -> int:
    """Return the exit code of a process; negative where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def run(database: Path, path: Path, *, resume: bool) -> None:
    """Run a campaign to its end, or resume it."""
    with open_database(database) as repositories:
        if resume:
            Campaign.resume(repositories, "resumed", mode=Mode.REAL, actor="bench").run()
        else:
            Campaign.create(repositories, load_campaign(path), actor="bench").run()


def told(database: Path) -> list[tuple[object, ...]]:
    """Return every proposal and result, exactly."""
    with open_database(database) as repositories:
        record = repositories.campaigns.all()[0]
        outputs = repositories.experiments.outputs(record.id)
        rounds = repositories.rounds.all(record.id)
        proposals = [
            (r.index, r.seed, r.data_hash, str(p.point)) for r in rounds for p in r.proposals
        ]
        results = [
            (
                row.number,
                row.state.value,
                str({k: repr(v) for k, v in outputs.get(row.id, {}).items()}),
            )
            for row in repositories.experiments.all(record.id)
        ]
        return [*proposals, *results]


def planned(database: Path) -> int:
    """Return how many experiments stand in a database that another process writes."""
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as connection:
            return int(connection.execute("SELECT count(*) FROM experiment").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def killed(database: Path, path: Path, moment: random.Random) -> int:
    """Run a campaign until a random moment and kill it; return how many experiments it had."""
    process = in_a_process(lambda: run(database, path, resume=False))
    wanted = moment.randint(1, EXPERIMENTS - 1)
    until = time.monotonic() + 120
    while planned(database) < wanted and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(moment.random() * 0.5)
    os.kill(process, signal.SIGKILL)
    wait_for(process)
    return planned(database)


def equal_after_a_kill(seed: int) -> tuple[bool, int]:
    """Return whether the ``seed``-th campaign goes on as if undisturbed, and where it was cut."""
    moment = random.Random(f"kill {seed}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = campaign_file(folder, seed)
        wait_for(in_a_process(lambda: run(folder / "undisturbed.db", path, resume=False)))
        had = killed(folder / "killed.db", path, moment)
        code = wait_for(in_a_process(lambda: run(folder / "killed.db", path, resume=True)))
        same = code == 0 and told(folder / "undisturbed.db") == told(folder / "killed.db")
    return same, had


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=50)
    count = parser.parse_args().campaigns
    resolve_strategy("botorch", None, "cpu")  # loads torch once, before the processes begin
    equal, cut = 0, Counter[int]()
    for seed in range(count):
        same, had = equal_after_a_kill(seed)
        equal += same
        cut[had] += 1
        say(f"campaign {seed}: {'equal' if same else 'DIFFERENT'}, killed with {had} experiments")
    answer({"equal": equal, "campaigns": count, "cut": dict(sorted(cut.items()))})


if __name__ == "__main__":
    main()
