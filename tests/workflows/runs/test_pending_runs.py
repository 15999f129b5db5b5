"""Promise: a run that a worker took and never began waits in its pool again."""

import os
import subprocess
import sys

import pytest

from labloop.store import process_owner

LOOK = """
import sys
from contextlib import suppress
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import ObjectAlreadyExists
from labloop_workflows.runs import pending_runs
from labloop_workflows.runs.flow import campaign_flow
from labloop_workflows.runs.pending_runs import WORKER, PendingRuns, worker_label

dead, elsewhere = sys.argv[1:]
with get_client(sync_client=True) as client:
    # A server that is slow to answer is asked again, and has it by then.
    with suppress(ObjectAlreadyExists):
        client.create_work_pool(WorkPoolCreate(name="bench", type="process"))

    def make(kind=StateType.PENDING, **labels):
        given = {"campaign_id": "c", "name": "n"}
        run = client.create_flow_run(campaign_flow, parameters=given, state=State(type=kind))
        if labels:
            client.update_flow_run_labels(run.id, labels)
        return run.id

    lost = make(**{WORKER: dead})
    kept = [
        make(**worker_label("mine")),
        make(**{WORKER: elsewhere}),
        make(),
        make(StateType.RUNNING, **{WORKER: dead}),
    ]
    pending, begun = PendingRuns("bench"), make(**{WORKER: dead})
    print(pending.look(client))
    # Its process had begun after all, and says so within the minute.
    client.set_flow_run_state(begun, State(type=StateType.RUNNING), force=True)
    pending_runs.PATIENCE_SECONDS = 0.0
    pending_runs._offline = lambda *_: {"another"}
    print(pending.look(client))
    print(pending.look_quietly())
    for run in (lost, begun, *kept):
        state = client.read_flow_run(run).state
        print(state.type.value, state.message or "")
"""


@pytest.fixture
def dead():
    """Return the stamp of a worker that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process_owner("gone").replace(f"pid={os.getpid()}", f"pid={process.pid}")


def test_what_a_dead_worker_took_waits_again(place, dead):
    """After a minute; what began meanwhile, and what somebody else has, is left alone.

    A worker on another machine is dead when its server has not heard of it.
    """
    elsewhere = dead.replace("gone", "another").replace("host=", "host=elsewhere-")
    told = subprocess.run(
        [sys.executable, "-c", LOOK, dead, elsewhere],
        env=place.env
        | {
            "PREFECT_API_URL": f"http://127.0.0.1:{place.port}/api",
            "PREFECT_API_AUTH_STRING": place.password,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    first, second, third, *states = told.stdout.splitlines()
    assert (first, second, third) == ("0", "2", "0")
    assert states[0].startswith("SCHEDULED the worker that took it ended before it began")
    kinds = [line.split()[0] for line in states[1:]]
    assert kinds == ["RUNNING", "PENDING", "SCHEDULED", "PENDING", "RUNNING"]
