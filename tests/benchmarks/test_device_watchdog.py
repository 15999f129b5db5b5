"""Promise: a lab whose program or line is lost is safe, by the instruments' own truth.

The whole bench twice for each way, without the second that the figure allows: a computer that runs
other tests is slower. It takes a minute, because programs are lost for real.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ACTS = {"kill", "stop", "blocked-loop"}
"""Ways after which it is the watchdog process that makes the lab safe."""


@pytest.mark.skipif(os.name == "nt", reason="ends programs by POSIX signals and terminals")
def test_every_way_to_lose_a_lab(tmp_path):
    """Promise: nothing is left on, and what the watchdog process did is written down."""
    keep = tmp_path / "watchdog.jsonl"
    words = ["--jobs", "2", "--keep", str(keep)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.devices.watchdog", "--repeat", "2", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in keep.read_text().splitlines()]
    assert len(rows) == 12
    for row in rows:
        assert row["left_on"] == [], row
        assert 0 <= row["seconds"] < 15, row
        assert row["told"] is (row["way"] in ACTS), row
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["limit"] == 3.0
    assert {way: each["n"] for way, each in found["rows"].items()} == dict.fromkeys(
        ("kill", "stop", "blocked-loop", "closed-terminal", "cut-socket", "unplugged-pty"), 2
    )
