"""Promise: after a killed run the watchdog's work is in the journal, and is told first."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.trials import standin
from labloop.records import ActionState
from labloop.store import open_database
from labloop_simulators.kit import serve_world

ROOT = Path(__file__).resolve().parents[3]
RUN = """
from pathlib import Path

from labloop.campaign import Campaign, load_campaign
from labloop.records import Mode
from labloop.store import open_database

with open_database("labloop.db") as database:
    Campaign.create(database, load_campaign(Path("campaign.py")), mode=Mode.REAL).run()
"""


@pytest.mark.skipif(os.name == "nt", reason="ends a program by a POSIX signal")
def test_a_killed_campaign(shell, tmp_path):
    """Status, the list and the report begin with it, until a person has looked."""
    told = []
    ovens = {n: standin.OvenEmulator(n, shell.folder, told.append) for n in standin.NAMES}
    with serve_world(ovens) as urls:
        standin.write_campaign(shell.folder, urls, way="kill", kind="error", experiments=400)
        process = subprocess.Popen(
            [sys.executable, "-c", RUN],
            cwd=shell.folder,
            env={**shell.env, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        _until(
            lambda: len({t.split()[0] for t in told if t.endswith("BAKE")}) == 4 or process.poll()
        )
        process.kill()
        _until(lambda: {t for t in told if t.endswith("SAFE")} == {f"{n} SAFE" for n in ovens})
        said = process.communicate(timeout=60)[1]
    database = shell.folder / "labloop.db"
    assert "died; the watchdog brought oven1, oven2, oven3, oven4 into the safe state" in said
    with open_database(database, create=False) as repositories:
        [record] = repositories.campaigns.all()
        entries = repositories.journal.entries(record.id)
        assert [
            (e.intent.device, e.intent.name, e.intent.actor, e.state) for e in entries[-4:]
        ] == [(name, "safe_state", "watchdog", ActionState.DONE) for name in ovens]
    status = shell.ok("status", "ends", "--real", "--db", database)
    first, second, *_ = status.splitlines()
    assert first.startswith(f"!! process {process.pid}, in which ")
    assert "NOT SAFE" not in status
    assert "every device was brought into its safe state" in status
    assert second.startswith("!! when you have looked: labloop acknowledge ends --real")
    assert "ends needs a person who looks at it now" in shell.ok("campaigns", "--db", database)
    seen = shell.ok("acknowledge", "ends", "--real", "--db", database, "--note", "cold")
    assert f"process {process.pid}" in seen
    assert "!! process" not in shell.ok("status", "ends", "--real", "--db", database)


def _until(happened):
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < 120
        time.sleep(0.02)
