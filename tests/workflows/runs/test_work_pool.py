"""Promise: a worker of a pool ends its campaigns, safely, before it ends itself."""

import os
import time

import pytest

from labloop.store import open_database


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_a_worker_that_is_ended_leaves_nothing_running(place, support):
    """SIGTERM to the worker alone: its run is told as stopped, and every device is safe."""
    file = support / "slow_campaign" / "campaign.py"
    serving = place.start("serve", file, "--pool", "bench", SLOW_EXPERIMENTS=100000)
    try:
        wanted = {"deployments": {"name": {"any_": ["slow"]}}}
        (deployment,) = _until(lambda: place.post("deployments/filter", wanted))
        where = f"deployments/{deployment['id']}/create_flow_run"
        made = place.post(where, {"parameters": {"request": {"campaign": "slow"}}})
        _until(place.happened)
    finally:
        serving.terminate()
        said, _ = serving.communicate(timeout=90)
    assert serving.returncode == 0, said
    assert "its campaigns are stopped, each device made safe" in said
    assert place.get(f"flow_runs/{made['id']}")["state_type"] == "CANCELLED"
    assert place.happened()[-1].endswith(" safe")
    with open_database(place.db, read_only=True) as repositories:
        (record,) = repositories.campaigns.all()
    assert record.state.value == "stopped"


def test_a_pool_of_another_kind_is_refused(place, support):
    """A pool whose runs are not processes cannot carry a campaign out; one sentence says so."""
    place.post("work_pools/", {"name": "far", "type": "docker"})
    file = support / "slow_campaign" / "campaign.py"
    code, said = place.run("serve", file, "--pool", "far")
    assert code == 1
    assert "the work pool 'far' is of the kind 'docker'" in said
    assert "Traceback" not in said


def _until(what, seconds=150):
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until
        time.sleep(0.3)
    return found
