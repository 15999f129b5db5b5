"""Promise: Cancel of a served run, which Prefect ends by a signal, is told as a cancel."""

import os
import time

import pytest

from labloop.store import open_database

WAITING = """
import time
from labloop import Budget, CampaignSpec, Continuous, Maximize, Scalar, SearchSpace

def work(x):
    time.sleep(0.5)
    return {"y": x.a}

campaign = CampaignSpec(
    "patient", SearchSpace(Continuous("a", 0, 1)), outputs=[Scalar("y")],
    objective=Maximize("y"), procedure=work, strategy="random", budget=Budget(experiments=2000),
)
"""


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_cancel_of_a_served_run_is_told_as_a_cancel(place):
    """In the database, in the log and in the final state: no word of a signal."""
    (place.folder / "campaign.py").write_text(WAITING)
    serving = place.start("serve", "campaign.py")
    try:
        wanted = {"deployments": {"name": {"any_": ["patient"]}}}
        (deployment,) = _until(lambda: place.post("deployments/filter", wanted))
        where = f"deployments/{deployment['id']}/create_flow_run"
        made = place.post(where, {"parameters": {"request": {"campaign": "patient"}}})
        logs = {"logs": {"flow_run_id": {"any_": [made["id"]]}}}
        _until(lambda: any("done: y" in x["message"] for x in place.post("logs/filter", logs)))
        state = {"state": {"type": "CANCELLING"}, "force": False}
        place.post(f"flow_runs/{made['id']}/set_state", state)
        _until(lambda: place.get(f"flow_runs/{made['id']}")["state_type"] == "CANCELLED")
        told = [line["message"] for line in place.post("logs/filter", logs)]
    finally:
        serving.terminate()
        serving.communicate(timeout=60)
    assert told[-1] == "patient: stopped: cancelled in the Prefect UI"
    with open_database(place.db, read_only=True) as repositories:
        (record,) = repositories.campaigns.all()
    assert (record.state.value, record.reason) == ("stopped", "cancelled in the Prefect UI")


def _until(what, seconds=150):
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until
        time.sleep(0.3)
    return found
