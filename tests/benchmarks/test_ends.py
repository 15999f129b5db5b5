"""Promise: each way to end a campaign on real lines leaves everything safe, or says what is not.

The whole bench once over TCP, without what needs a Prefect server; it takes half a minute,
because campaigns are ended for real, in processes of their own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WAYS = [
    "sigint",
    "sigint-twice",
    "sigterm",
    "sighup",
    "closed-terminal",
    "stop-command",
    "procedure",
    "analysis",
    "strategy",
    "dead-device",
    "database-gone",
]


@pytest.mark.skipif(os.name == "nt", reason="ends programs by POSIX signals and terminals")
def test_every_way_to_end_a_campaign(tmp_path):
    """Promise: safe by the ovens' own log, or told loudly with an exit code that is not 0."""
    keep = tmp_path / "ends.jsonl"
    words = ["--repeat", "1", "--line", "tcp", "--keep", str(keep), "--only", *WAYS]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.trials.ends", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    trials = {row["way"]: row for row in map(json.loads, keep.read_text().splitlines())}
    assert list(trials) == WAYS
    for way, row in trials.items():
        assert row["code"] not in {None, 0}, row
        # The law: all within twenty seconds of the end that was asked for.
        assert row["seconds"] < 20, row
        assert row["safe"] or way == "dead-device", row
    assert trials["dead-device"]["told"]
    assert trials["dead-device"]["code"] == 4
    assert "oven1 is NOT known to be in its safe state" in trials["dead-device"]["said"]
    assert trials["dead-device"]["left_on"] == ["oven1"]
