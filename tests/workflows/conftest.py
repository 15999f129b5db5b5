"""Programs in processes of their own: Prefect's settings belong to a whole process."""

import os
import socket
import subprocess
import sys
import time
import uuid
from base64 import b64encode
from pathlib import Path

import httpx
import pytest

SUPPORT = Path(__file__).resolve().parent.parent / "support"
BUSY = 503
"""What a Prefect server says whose SQLite file is locked; its own client asks again, too."""


def free_port():
    """Return a port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Place:
    """A folder with an environment in which labloop and Prefect run apart from everything."""

    def __init__(self, folder, prefect):
        self.folder = folder
        self.port = free_port()
        self.truth = folder / "truth.txt"
        drop = ("PREFECT_", "LABLOOP_", "PYTEST_")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(drop)} | {
            "PREFECT_HOME": str(prefect),
            "LABLOOP_UI_PORT": str(self.port),
            "LABLOOP_DB": str(folder / "labloop.db"),
            "LABLOOP_SLOW_LAB_TRUTH": str(self.truth),
            "LABLOOP_STATE": str(folder / "state"),
            "PYTHONPATH": str(SUPPORT / "slow_lab"),
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "200",
        }

    @property
    def db(self):
        """Where the records are."""
        return self.folder / "labloop.db"

    def start(self, *words, **env):
        """Start ``labloop words`` and return its process."""
        return subprocess.Popen(
            [sys.executable, "-m", "labloop", *(str(w) for w in words)],
            cwd=self.folder,
            env=self.env | {k: str(v) for k, v in env.items()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def start_at(self, terminal, *words):
        """Start ``labloop words`` at a terminal, a file descriptor, and return its process."""
        return subprocess.Popen(
            [sys.executable, "-m", "labloop", *(str(w) for w in words)],
            cwd=self.folder,
            env=self.env,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )

    def run(self, *words, timeout=240, **env):
        """Run ``labloop words`` to its end and return (exit code, what it said)."""
        process = self.start(*words, **env)
        try:
            said, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return process.returncode, said

    def post(self, path, body):
        """Return what the server answers to ``body``; one that is busy is asked again."""
        return self._asked("POST", path, body)

    def get(self, path):
        """Return what the server has at ``path``; one that is busy is asked again."""
        return self._asked("GET", path, None)

    def _asked(self, method, path, body):
        url, until = f"http://127.0.0.1:{self.port}/api/{path}", time.monotonic() + 60
        with httpx.Client(headers=self.proof(), timeout=30) as client:
            while (answer := client.request(method, url, json=body)).status_code == BUSY:
                assert time.monotonic() < until, answer.text
                time.sleep(0.5)
        answer.raise_for_status()
        return answer.json()

    @property
    def password(self):
        """The password of the server that labloop started here; empty where it started none."""
        kept = Path(self.env["PREFECT_HOME"]) / "labloop-server.secret"
        return kept.read_text() if kept.exists() else ""

    def proof(self):
        """Return the headers by which a request is known as a person's own."""
        if not self.password:
            return {}
        client = str(uuid.uuid4())
        known = {"Authorization": f"Basic {b64encode(self.password.encode()).decode()}"}
        url = f"http://127.0.0.1:{self.port}/api/csrf-token"
        token = httpx.get(url, params={"client": client}, headers=known, timeout=30).json()
        return known | {"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": token["token"]}

    def happened(self):
        """Return what physically happened in the slow lab, in order."""
        return self.truth.read_text().splitlines() if self.truth.exists() else []


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """Return a place with a server that all tests of this process share: it takes seconds."""
    folder = tmp_path_factory.mktemp("shared server")
    made = Place(folder, folder / "prefect")
    code, said = made.run("ui")
    assert code == 0, said
    yield made
    made.run("ui", "--stop")


@pytest.fixture
def place(tmp_path, shared):
    """Return an empty place whose campaigns are seen on the shared server."""
    made = Place(tmp_path, shared.folder / "prefect")
    made.port = shared.port
    return made


@pytest.fixture
def alone(tmp_path):
    """Return an empty place; a server that is started from it is its own, and ends with it."""
    made = Place(tmp_path, tmp_path / "prefect")
    yield made
    if (tmp_path / "prefect" / "labloop-server.json").exists():
        made.run("ui", "--stop")


@pytest.fixture
def support():
    """Return the folder with the slow lab and its campaign."""
    return SUPPORT
