"""A stop while the brain thinks: the lab is safe at once, and the process ends soon after."""

import os
import shutil
import signal
import time

import pytest

SLOW = "slow_campaign"
PLANNER = '''
import time
from pathlib import Path

class BrainThread:
    """Thinks for longer than anybody waits."""

    name = "thinker"

    def propose(self, space, objective, data, pending, n, seed):
        """Think."""
        Path("thinks.txt").touch()
        time.sleep(600)

'''


def wait_for(what, seconds, process):
    """Wait until ``what()`` is true; fails with what the process said."""
    until = time.monotonic() + seconds
    while not what():
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            pytest.fail(f"ended early or too late: {process.communicate()[0]}")
        time.sleep(0.05)


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
@pytest.mark.parametrize("engine", ["plain", "prefect"])
def test_a_signal_waits_for_no_thought(place, support, engine):
    """SIGTERM while the strategy computes: safe state, a clean end, no task left running."""
    text = (support / SLOW / "campaign.py").read_text()
    text = text.replace("\nSECONDS =", f"{PLANNER}\nSECONDS =", 1)
    shutil.copy(support / SLOW / "lab.toml", place.folder)
    (place.folder / "campaign.py").write_text(
        text.replace('strategy="random"', "strategy=BrainThread()")
    )
    process = place.start("run", "campaign.py", "--speed", "real", "--engine", engine)
    wait_for((place.folder / "thinks.txt").exists, 90, process)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    wait_for(place.happened, 10, process)
    assert time.monotonic() - began < 3
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    happened = place.happened()
    for device in ("d1", "d2", "d3", "d4"):
        assert [line.split()[1] for line in happened if line.startswith(device)] == ["ramp", "safe"]
    if engine == "prefect":
        run = place.post("flow_runs/filter", {"sort": "START_TIME_DESC"})[0]
        mine = {"flow_runs": {"id": {"any_": [run["id"]]}}}
        tasks = place.post("task_runs/filter", mine)
        assert run["state_type"] == "CANCELLED"
        assert {t["name"]: t["state_type"] for t in tasks} == {"propose-round-0": "CANCELLED"}
