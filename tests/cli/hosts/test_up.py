"""Promise: a host is started, seen, killed, started again and ended from a terminal."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

LAB = Path(__file__).parents[3] / "examples" / "flow_snar" / "lab.toml"
PROGRAM = [sys.executable, "-m", "labloop", "lab"]


def test_a_host_is_started_seen_killed_and_started_again(tmp_path):
    """After kill -9 its name is free, and its next start tells how the one before ended."""
    folder = tmp_path / "hosts"
    environment = {**os.environ, "LABLOOP_HOSTS": str(folder), "OMP_NUM_THREADS": "1"}
    address, started = folder / "wetlab.json", []

    def up():
        address.unlink(missing_ok=True)
        words = ["up", str(LAB), "--name", "wetlab", "--db", str(tmp_path / "host.db")]
        host = subprocess.Popen([*PROGRAM, *words], env=environment, stdout=subprocess.PIPE)
        started.append(host)
        until = time.monotonic() + 60
        while not address.exists() and host.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        assert address.exists()
        return host

    def ask(*words):
        done = subprocess.run(
            [*PROGRAM, *words], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    try:
        first = up()
        first.kill()
        first.wait(10)
        assert "wetlab: does not answer" in ask("list")
        second = up()
        found = json.loads(ask("status", "wetlab", "--json"))
        assert [device["holder"] for device in found["devices"]] == [None] * 5
        assert "the host before it ended without a word" in found["notes"][0]["text"]
        assert "wetlab: ended" in ask("down", "wetlab")
        assert second.wait(30) == 0
    finally:
        for host in started:
            host.kill()
            host.communicate()
