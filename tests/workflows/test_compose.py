"""The compose file is valid, and the very commands of its services work together."""

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from compose_spec import PyCompose

from labloop.records import ExperimentState, Mode
from labloop.store import open_database

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"


@pytest.fixture
def services():
    """Return name -> service of the compose file."""
    return PyCompose.from_yaml(FILE.read_text(encoding="utf-8")).to_dict()["services"]


def test_the_file_is_valid_by_the_compose_specification(services):
    """Three services, everything on loopback, and the campaign waits for both others."""
    assert set(services) == {"database", "prefect", "campaign"}
    assert set(services["campaign"]["depends_on"]) == {"database", "prefect"}
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


def test_the_commands_of_the_services_run_a_campaign(services, pg_url, alone):
    """PostgreSQL, the server and the served campaign, as processes: a form starts a campaign."""
    api = f"http://127.0.0.1:{alone.port}/api"
    prefect = started(services["prefect"])
    swap = {"0.0.0.0": "127.0.0.1", "4200": str(alone.port)}  # noqa: S104 - as the file has it
    words = [sys.executable, "-m", *(swap.get(word, word) for word in prefect)]
    env = alone.env | {"PREFECT_UI_API_URL": api, "PREFECT_API_URL": api, "LABLOOP_DB": pg_url}
    env |= {"LABLOOP_FILES": str(alone.folder / "files")}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(words, env=env, cwd=alone.folder, **quiet)
    serving = None
    try:
        _until(lambda: _answers(api), 120)
        campaign = started(services["campaign"])
        assert campaign[0] == "labloop"
        words = [sys.executable, "-m", *campaign]
        serving = subprocess.Popen(words, env=env, cwd=ROOT, **quiet)
        found = _until(lambda: "snar" in (rows := _deployments(alone)) and rows, 90)
        request = {"parameters": {"request": {"campaign": "snar", "experiments": 3}}}
        made = alone.post(f"deployments/{found['snar']}/create_flow_run", request)
        ended = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
        where = f"flow_runs/{made['id']}"
        _until(lambda: alone.get(where)["state_type"] in ended, 150)
        assert alone.get(where)["state"]["type"] == "COMPLETED"
    finally:
        for process in (serving, server):
            if process is not None:
                process.terminate()
                process.wait(timeout=30)
    before = os.environ.get("LABLOOP_FILES")
    assert before
    with open_database(pg_url, read_only=True) as repositories:
        record = repositories.campaigns.find("snar", Mode.SIMULATED)
        rows = repositories.experiments.all(record.id)
    assert [row.state for row in rows] == [ExperimentState.DONE] * 3


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
