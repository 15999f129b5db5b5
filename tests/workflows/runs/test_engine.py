"""A campaign runs as a Prefect flow, is seen in the UI's API, and never depends on it."""

import json
import os
import re
import signal
import socket
import threading
import time

import httpx
import pytest

from labloop.records import ExperimentState, Mode
from labloop.store import open_database

SLOW = "slow_campaign"


def counts(place, name="slow"):
    """Return how many experiments of a campaign stand in which state."""
    with open_database(place.db, read_only=True) as repositories:
        record = repositories.campaigns.find(name, Mode.SIMULATED)
        states = [row.state for row in repositories.experiments.all(record.id)]
    return {state: states.count(state) for state in set(states)}


def ask(place, what, **filters):
    """Return what the server says, newest first."""
    rows = place.post(f"{what}/filter", filters)
    return sorted(rows, key=lambda row: row["created"], reverse=True)


def newest_run(place):
    """Return the flow run that began last."""
    return ask(place, "flow_runs")[0]


def eventually(what, seconds=20.0):
    """Return the first true ``what()``, or its last value."""
    until = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < until:
        time.sleep(0.2)
    return found


def test_a_campaign_is_one_flow_with_a_task_a_round_and_an_experiment(place, support):
    """Eight experiments in two rounds: one flow run, two rounds, eight tasks, artifacts."""
    code, said = place.run("run", support / SLOW / "campaign.py")
    assert code == 0, said
    assert f"http://127.0.0.1:{place.port}" in said
    assert counts(place) == {ExperimentState.DONE: 8}
    run = newest_run(place)
    assert (run["name"], run["state_type"]) == ("slow", "COMPLETED")
    mine = {"flow_runs": {"id": {"any_": [run["id"]]}}}
    assert eventually(lambda: len(ask(place, "task_runs", **mine)) >= 10)
    tasks = sorted(task["name"] for task in ask(place, "task_runs", **mine))
    expected = [f"experiment-{n}" for n in range(1, 9)]
    assert tasks == sorted([*expected, "propose-round-0", "propose-round-1"])
    (page,) = ask(place, "artifacts", **mine)
    assert page["key"] == "slow"
    assert "# slow (simulated): finished" in page["data"]
    assert "## Best so far: experiment " in page["data"]
    assert "](data:image/svg+xml;base64," in page["data"]
    lines = place.post("logs/filter", {"logs": {"flow_run_id": {"any_": [run["id"]]}}})
    told = [line["message"] for line in lines]
    assert sum(line.startswith("round ") for line in told) == 2
    assert sum(line.startswith("experiment ") for line in told) == 8
    assert told[-1] == "slow: finished: the budget of 8 experiments is used up"
    (link,) = re.findall(r"\[The whole report\]\((\S+)\)", page["data"])
    report = httpx.get(link, timeout=30)
    assert "sandbox" in report.headers["content-security-policy"]
    assert "<html" in report.text
    assert httpx.get(link.replace(link[-12:-6], "000000"), timeout=30).status_code == 404


def test_somebody_elses_server_is_left_alone(alone, support):
    """Whatever has the port, a Prefect as well: it is not taken, and an own one is started."""
    with socket.create_server(("127.0.0.1", alone.port)) as stranger:
        threading.Thread(target=_answer_as_prefect_does, args=(stranger,), daemon=True).start()
        code, said = alone.run("run", support / SLOW / "campaign.py", SLOW_EXPERIMENTS=4)
    assert code == 0, said
    assert f"port {alone.port} is used by something that labloop did not start" in said
    assert f"Prefect   http://127.0.0.1:{alone.port}" not in said
    assert "Prefect   http://127.0.0.1:" in said
    assert counts(alone) == {ExperimentState.DONE: 4}


def _answer_as_prefect_does(stranger):
    while True:
        try:
            connection, _ = stranger.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"3.9.1"')


def test_a_configured_server_that_is_away_is_one_sentence(alone, support):
    """PREFECT_API_URL that names nothing: told before anything is stored or moved."""
    code, said = alone.run(
        "run",
        support / SLOW / "campaign.py",
        PREFECT_API_URL=f"http://127.0.0.1:{alone.port}/api",
    )
    assert code == 1
    assert "no Prefect server answers" in said
    assert "--engine plain" in said
    assert "Traceback" not in said
    assert not alone.happened()
    assert not alone.db.exists()


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_the_campaign_goes_on_when_the_server_is_killed(alone, support):
    """SIGKILL for the server in the middle: every experiment is done and recorded."""
    words = ("run", support / SLOW / "campaign.py", "--speed", "real")
    process = alone.start(*words, SLOW_SECONDS=2)
    assert eventually(lambda: len(alone.happened()) >= 4, 90)
    memory = alone.folder / "prefect" / "labloop-server.json"
    os.kill(json.loads(memory.read_text())["pid"], signal.SIGKILL)
    memory.unlink()
    said, _ = process.communicate(timeout=180)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert counts(alone) == {ExperimentState.DONE: 8}


def test_a_served_campaign_starts_from_the_form(place, support):
    """Serve keeps a campaign ready; a run asked for through the API runs it by name."""
    server = place.start("serve", support / SLOW / "campaign.py")
    api = f"http://127.0.0.1:{place.port}/api"
    try:
        assert eventually(lambda: _healthy(api) and ask(place, "deployments"), 90)
        deployment = ask(place, "deployments")[0]
        schema = deployment["parameter_openapi_schema"]
        assert "experiments" in json.dumps(schema)
        wanted = {"parameters": {"request": {"campaign": "slow", "experiments": 4}}}
        place.post(f"deployments/{deployment['id']}/create_flow_run", wanted)
        ended = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
        eventually(lambda: newest_run(place)["state_type"] in ended, 90)
        run = newest_run(place)
        assert (run["state_type"], run["state"]["message"]) == (
            "COMPLETED",
            "the budget of 4 experiments is used up",
        )
        assert counts(place) == {ExperimentState.DONE: 4}
    finally:
        server.terminate()
        server.communicate(timeout=30)


def _healthy(api):
    try:
        return httpx.get(f"{api}/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
