"""Promise: a campaign that was killed and resumed proposes what an undisturbed one proposes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(os.name == "nt", reason="kills a process by a POSIX signal")
def test_a_killed_campaign_goes_on_with_the_same_bits():
    """One of the bench's campaigns, through SIGKILL, with the strategy botorch."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.loop.resumed", "--campaigns", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["equal"] == 1
