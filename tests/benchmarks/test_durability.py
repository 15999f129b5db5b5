"""A short version of ``make figures-durability``: what survives kills, crashes and races."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="kills with POSIX signals"),
]


def bench(name, *words, **env):
    """Run a bench and return the JSON of its last line."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.durability.{name}", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"} | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_nothing_is_lost_or_done_twice(tmp_path):
    """Killed six times at random moments: the doser's own log agrees with what is stored."""
    found = bench("kills", "--at", "random", "--kills", 6, "--keep", tmp_path / "kills.jsonl")
    assert found["kills"] == 6
    assert (found["lost"], found["twice"], found["hidden"]) == (0, 0, 0)
    assert found["whole"]
    assert found["actions"] >= 3 * found["done"] > 0


def test_nothing_is_lost_across_a_host_whatever_dies(tmp_path):
    """Three strikes behind a bad line: the doser agrees with the journal, and was made safe."""
    found = bench("host_kills", "--kills", 3, "--keep", tmp_path / "host_kills.jsonl")
    assert found["kills"] >= 3
    assert (found["lost"], found["twice"], found["hidden"]) == (0, 0, 0)
    assert (found["wrong"], found["unsafe"]) == (0, 0)
    assert found["whole"]
    assert found["actions"] >= 3 * found["done"] > 0


def test_nothing_is_lost_between_two_machines(tmp_path):
    """Two strikes, TLS and packets that are lost, doubled and late: nothing done twice."""
    found = bench(
        "machines.two_machines", "--kills", 2, "--tells", "--keep", tmp_path / "kept.jsonl"
    )
    if "skipped" in found:
        pytest.skip(found["skipped"])
    assert found["kills"] >= 2
    assert (found["lost"], found["twice"], found["hidden"]) == (0, 0, 0)
    assert (found["wrong"], found["unsafe"], found["uncertain"]) == (0, 0, 0)
    assert found["whole"]
    assert found["actions"] >= 3 * found["done"] > 0


def test_whatever_is_said_in_whatever_order_stands():
    """Ten runs, kills and words of a person: after each one the record says what was said."""
    found = bench("commands", "--steps", 10, "--seed", 3)
    assert found["steps"] == sum(found["counts"].values()) == 10


def test_an_instrument_is_never_two_processes_at_once():
    """Four processes, 400 reservations: one at a time, and a stale token is worth nothing."""
    found = bench("leases", "--processes", 4, "--reservations", 100)
    assert found["reservations"] == 400
    assert (found["failed"], found["overdrawn"], found["twice"]) == (0, 0, 0)
    assert found["refused"] == found["stale"] == 396


def test_a_lab_whose_instruments_fail_is_never_stuck():
    """Eight hours with a fault every ten minutes on each: every experiment has an end."""
    found = bench("lab_days", "--hours", 8, "--every", 10)
    assert found["ended"] == "finished"
    assert found["stuck"] == 0
    assert found["whole"]
    assert found["states"]["failed"] > 0
