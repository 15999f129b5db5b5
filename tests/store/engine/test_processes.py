"""Several processes, and processes that die: nothing lost, nothing taken twice."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from racing import TOGETHER, start
from sqlalchemy import text
from store_samples import CAMPAIGN, bundle, campaign, experiment

from labloop.records import ActionState
from labloop.store import open_database

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
HERE = str(Path(__file__).parents[1])

WRITE_UNTIL_KILLED = """
import os, sys
from labloop.records import ActionState, Intent, Outcome
from labloop.store import open_database

def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\\n")
    sys.stdout.flush()

def write(first):
    database = open_database(sys.argv[1])
    for number in range(first, first + 10**6):
        name = f"i{number}"
        database.journal.intent(
            Intent(id=name, campaign_id=sys.argv[2], experiment_id=None, device="d", name="n")
        ).result()
        say("intent", name)
        database.journal.outcome(Outcome(intent_id=name, state=ActionState.DONE)).result()
        say("done", name)

for line in sys.stdin:
    child = os.fork()
    if not child:
        say("process", os.getpid())
        write(int(line))
    os.waitpid(child, 0)
    say("ended", child)
"""


@posix
@pytest.mark.slow
def test_killed_while_writing(real_disk, tmp_path):
    """What was acknowledged is there after SIGKILL, ten times out of ten."""
    url = str(tmp_path / "lab.db")
    with open_database(url) as database:
        database.campaigns.create(campaign(), bundle()).result()
    acknowledged: list[list[str]] = []
    writer = start(WRITE_UNTIL_KILLED, url, CAMPAIGN)
    for kill in range(10):
        writer.stdin.write(f"{kill * 10**6}\n")
        writer.stdin.flush()
        process = writer.stdout.readline().split()[1]
        acknowledged += [writer.stdout.readline().split() for _ in range(5 + 3 * kill)]
        os.kill(int(process), signal.SIGKILL)
        while (line := writer.stdout.readline().split())[0] != "ended":
            acknowledged.append(line)
    writer.communicate()
    with open_database(url) as database:
        entries = {e.intent.id: e.state for e in database.journal.entries(CAMPAIGN)}
        uncertain = database.journal.open_intents(CAMPAIGN)
        with database.connections.readers.connect() as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    assert len(acknowledged) > 100
    for word, name in acknowledged:
        assert name in entries
        assert word == "intent" or entries[name] is ActionState.DONE
    assert len(uncertain) <= 10


@posix
def test_opened_at_once(url):
    """Several processes that create the same database at once all succeed."""
    racers = start(TOGETHER, url, "nobody")
    assert len(racers.communicate()[0].splitlines()) == 4
    assert racers.returncode == 0


def test_threads(filled):
    """Many threads write and read at once; every write is there."""

    def write(base: int) -> None:
        for number in range(base, base + 10):
            filled.experiments.add(experiment(number)).result()
            assert filled.experiments.get(experiment(number).id).number == number

    threads = [threading.Thread(target=write, args=(100 * n,)) for n in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(filled.experiments.all(CAMPAIGN)) == 61


def test_forgotten_close(tmp_path):
    """A program that ends without closing has committed what it queued."""
    code = f"""
import sys; sys.path.insert(0, {HERE!r})
from store_samples import *
from labloop.store import open_database
database = open_database(sys.argv[1])
database.campaigns.create(campaign(), bundle())
for number in range(1, 200):
    database.experiments.add(experiment(number))
"""
    url = str(tmp_path / "lab.db")
    subprocess.run([sys.executable, "-c", code, url], check=True)
    with open_database(url, read_only=True) as database:
        assert len(database.experiments.all(CAMPAIGN)) == 199
