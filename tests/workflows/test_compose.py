"""The compose file is valid, and the very commands of its services work together."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from compose_spec import PyCompose

from labloop.records import ExperimentState, Mode
from labloop.store import open_database, verify

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@pytest.fixture
def services():
    """Return name -> service of the compose file."""
    return PyCompose.from_yaml(FILE.read_text(encoding="utf-8")).to_dict()["services"]


def test_the_file_is_valid_by_the_compose_specification(services):
    """Database, window, host and two workers; all on loopback; workers wait for the others."""
    assert set(services) == {"database", "prefect", "host", "worker"}
    assert services["worker"]["deploy"]["replicas"] == 2
    assert set(services["worker"]["depends_on"]) == {"database", "prefect", "host"}
    assert services["worker"]["network_mode"] == "service:host"
    published = [str(port) for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all("127.0.0.1" in port for port in published)


@pytest.mark.parametrize(
    ("good", "bad"),
    [("condition: service_healthy", "condition: service_helthy"), ("services:", "servces:")],
)
def test_the_check_can_fail(good, bad):
    """A wrong type and a misspelt section are refused by the same check."""
    text = FILE.read_text(encoding="utf-8")
    assert good in text
    with pytest.raises(Exception, match=r"(?s).+"):
        assert PyCompose.from_yaml(text.replace(good, bad, 1)).to_dict()["services"]


def started(service):
    """Return the words that a service starts after its installation."""
    command = service["command"]
    text = command if isinstance(command, str) else " ".join(command)
    return shlex.split(re.search(r"exec (.+?)\"?$", text.strip())[1])


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_a_killed_worker_is_told_and_another_one_goes_on(services, pg_url, alone):
    """The services' own commands: a worker dies in a campaign, the next one ends it.

    That one also carries out a campaign on the lab of the host.
    """
    api = f"http://127.0.0.1:{alone.port}/api"
    prefect = started(services["prefect"])
    swap = {"0.0.0.0": "127.0.0.1", "4200": str(alone.port)}  # noqa: S104 - as the file has it
    words = [sys.executable, "-m", *(swap.get(word, word) for word in prefect)]
    alone.env |= {"PREFECT_UI_API_URL": api, "PREFECT_API_URL": api, "LABLOOP_DB": pg_url}
    alone.env |= {"LABLOOP_FILES": str(alone.folder / "files")}
    worker = [sys.executable, "-m", *started(services["worker"])]
    with _host_of(services, alone) as record:
        processes = [_quiet(words, alone.env, alone.folder)]
        try:
            _until(lambda: _answers(api), 120)
            processes.append(_quiet(worker, alone.env))
            deployment = _until(lambda: _deployments(alone).get("snar"), 120)
            first = _run(alone, deployment, {"campaign": "snar", "experiments": 400})
            done = _until(lambda: (rows := _done(pg_url)) > 2 and rows, 150)
            _kill_both(alone, first, processes[1])
            processes.append(_quiet(worker, alone.env))
            _until(lambda: alone.get(f"flow_runs/{first}")["state_type"] == "CRASHED", 120)
            request = {"campaign": "snar", "resume": True, "experiments": done + 2}
            assert _ended(alone, _run(alone, deployment, request)) == "COMPLETED"
            shared = _deployments(alone)["snar-shared"]
            request = {"campaign": "snar-shared", "experiments": 2}
            assert _ended(alone, _run(alone, shared, request)) == "COMPLETED"
            processes[2].terminate()
            assert processes[2].wait(timeout=60) == 0
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait(timeout=30)
    with open_database(pg_url, read_only=True) as repositories:
        found = repositories.campaigns.find("snar", Mode.SIMULATED)
        states = [row.state for row in repositories.experiments.all(found.id)]
        assert verify(repositories).problems == ()
    assert states.count(ExperimentState.DONE) >= done + 2
    assert set(states) <= {ExperimentState.DONE, ExperimentState.ABANDONED}
    with open_database(record, read_only=True) as repositories:
        [start] = repositories.campaigns.all()
        assert len(repositories.journal.entries(start.id)) > 20
        assert repositories.journal.open_intents(start.id) == []


def _quiet(words, env, folder=ROOT):
    """Start a process without a voice."""
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(words, env=env, cwd=folder, stdout=nowhere, stderr=nowhere)


@contextmanager
def _host_of(services, place):
    """Run the service that owns a lab; yield where it keeps its record."""
    place.env |= {"LABLOOP_HOSTS": str(place.folder / "hosts")}
    record = str(place.folder / "flow-host.db")
    words = [record if w == "/hosts/flow-host.db" else w for w in started(services["host"])]
    assert record in words
    process = _quiet([sys.executable, "-m", *words], place.env)
    try:
        _until((place.folder / "hosts" / "flow.json").exists, 120)
        yield record
    finally:
        process.terminate()
        process.wait(timeout=60)


def _kill_both(place, run, worker):
    """Kill the process of a run, and its worker; both are named by the run's labels."""
    # A thread of its own writes the first label, so experiments may be done before.
    labels = _until(
        lambda: "labloop.owner" in (found := place.get(f"flow_runs/{run}")["labels"]) and found, 60
    )
    os.kill(int(re.search(r"pid=(\d+)", labels["labloop.owner"])[1]), signal.SIGKILL)
    worker.kill()
    assert f"pid={worker.pid} " in labels["labloop.worker"]
    assert place.get(f"flow_runs/{run}")["state_type"] == "RUNNING"


def _ended(place, run):
    """Wait for the end of a run; return how it ended."""
    _until(lambda: place.get(f"flow_runs/{run}")["state_type"] in ENDED, 150)
    return place.get(f"flow_runs/{run}")["state_type"]


def _run(place, deployment, request):
    """Ask for a run, as the form does; return its id."""
    made = place.post(
        f"deployments/{deployment}/create_flow_run", {"parameters": {"request": request}}
    )
    return made["id"]


def _done(url):
    """Return how many experiments of the campaign are done."""
    with open_database(url) as repositories:
        record = repositories.campaigns.find("snar", Mode.SIMULATED)
        if record is None:
            return 0
        return len(repositories.experiments.all(record.id, {ExperimentState.DONE}))


def _answers(api):
    try:
        return httpx.get(f"{api}/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _deployments(place):
    rows = place.post("deployments/filter", {})
    return {row["name"]: row["id"] for row in rows}


def _until(what, seconds):
    end = time.monotonic() + seconds
    while not (found := what()):
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds} s")
        time.sleep(0.3)
    return found
