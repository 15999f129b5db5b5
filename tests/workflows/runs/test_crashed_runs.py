"""Promise: a flow run whose process was killed does not stand as Running for ever."""

import os
import signal
import subprocess
import sys
import time

import pytest

from labloop.store import process_ended, process_owner

SLOW = "slow_campaign"
MANY = """
import sys
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State, StateType
from labloop.campaign import current_user
from labloop.store import process_owner
from labloop_workflows.runs.flow import campaign_flow
from labloop_workflows.runs.crashed_runs import OWNER, mark_crashed_runs, mark_crashed_runs_quietly

dead, elsewhere = sys.argv[1:]
running = State(type=StateType.RUNNING)
with get_client(sync_client=True) as client:
    mark_crashed_runs(client)  # what other tests left on this server

    def make(state=running, **labels):
        given = {"campaign_id": "c", "name": "n"}
        run = client.create_flow_run(campaign_flow, parameters=given, state=state)
        if labels:
            client.update_flow_run_labels(run.id, {OWNER: labels["owner"]})
        return run.id

    lost = [make(owner=dead) for _ in range(3)]
    ended = make(State(type=StateType.COMPLETED), owner=dead)
    alive, far, unknown = make(owner=process_owner("me")), make(owner=elsewhere), make()
    import labloop_workflows.runs.crashed_runs as crashed_runs
    crashed_runs._PAGE = 2
    told = mark_crashed_runs(client)
    again = mark_crashed_runs_quietly()
    mine = make()
    unfinished = mark_crashed_runs(client, mine=mine, campaign_id="c")
    for run in (*lost, ended, alive, far, unknown, mine):
        state = client.read_flow_run(run).state
        print(state.type.value, state.message or "")
    print(told, again, unfinished)

    asked, label = [], crashed_runs.label
    def slow(client, run):
        asked.append(run)
        if len(asked) < 3:
            raise TimeoutError
        label(client, run)

    crashed_runs.label, crashed_runs._AGAIN_SECONDS = slow, 0.01
    with crashed_runs.CrashedRuns(mine, "c"):
        while OWNER not in client.read_flow_run(mine).labels:
            pass
    print(len(asked), client.read_flow_run(mine).labels[OWNER] == process_owner(current_user()))
"""


def test_who_is_certainly_dead():
    """A process that ended, and a boot before this one; never one that lives or is elsewhere."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        mine = process_owner("me")
        other = mine.replace(f"pid={os.getpid()}", f"pid={process.pid}")
        process.kill()
    assert process_ended(other)
    assert not process_ended(mine)
    assert not process_ended(other.replace("host=", "host=elsewhere-"))
    assert not process_ended("somebody")
    assert not process_ended("")


@pytest.fixture
def dead():
    """Return the stamp of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process_owner("me").replace(f"pid={os.getpid()}", f"pid={process.pid}")


def test_only_runs_of_dead_processes_are_settled(place, dead):
    """More than a page of them, once; what ended, lives, is elsewhere or unknown is left alone.

    A server that is slow to take a run's label is asked again until it has it.
    """
    told = subprocess.run(
        [sys.executable, "-c", MANY, dead, dead.replace("host=", "host=elsewhere-")],
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
    *states, counts, labelled = told.stdout.splitlines()
    assert all(line.startswith("CRASHED the process that ran it has ended") for line in states[:3])
    assert [line.split()[0] for line in states[3:]] == [
        "COMPLETED",
        "RUNNING",
        "RUNNING",
        # Of the same campaign, whose lease is held by whoever asked last.
        "CRASHED",
        "RUNNING",
    ]
    assert counts == "3 0 1"
    assert labelled == "3 True"


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_after_a_kill_and_a_resume_nothing_stands_as_running(place, support):
    """The killed run and its experiments are Crashed with a sentence; the new one completes."""
    words = ("run", support / SLOW / "campaign.py", "--speed", "real")
    process = place.start(*words, SLOW_SECONDS=60)
    until = time.monotonic() + 120
    while sum(line.endswith(" work") for line in place.happened()) < 4:
        assert time.monotonic() < until
        time.sleep(0.1)
    time.sleep(2.0)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    code, said = place.run("resume", "slow")
    assert code == 0, said
    runs = _runs(place)
    assert [(run["state_type"], run["state"]["message"][:12]) for run in runs] == [
        ("CRASHED", "the process "),
        ("COMPLETED", "the budget o"),
    ]
    tasks = place.post("task_runs/filter", {"flow_runs": {"id": {"any_": [runs[0]["id"]]}}})
    assert tasks
    assert "RUNNING" not in {task["state_type"] for task in tasks}


def _runs(place):
    """Return the two newest runs of the campaign, in order."""
    newest = {"limit": 20, "sort": "START_TIME_DESC"}
    rows = [row for row in place.post("flow_runs/filter", newest) if row["name"] == "slow"]
    return rows[1::-1]
