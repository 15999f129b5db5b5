"""A Prefect server that is found, or started for the user."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from labloop.errors import EngineError
from labloop.store import process_mark
from labloop_workflows._settings import server_environment

DEFAULT_PORT = 4200
START_SECONDS = 90.0
STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Server:
    """A healthy Prefect server."""

    api_url: str
    pid: int | None = None
    """Process of a server that labloop started; None for one that was there."""
    mark: str = ""
    """Tells that process from a later one of the same id."""

    @property
    def ui_url(self) -> str:
        """Where a person looks."""
        return self.api_url.removesuffix("/api")


def configured() -> Server | None:
    """Return the server that the environment names, None where it names none.

    Raises:
        EngineError: it does not answer.
    """
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        return None
    if not is_prefect(url):
        raise EngineError(
            f"PREFECT_API_URL names {url}, where no Prefect server answers; "
            "start it, unset PREFECT_API_URL, or add --engine plain"
        )
    return Server(url)


def find_or_start(port: int | None = None) -> Server:
    """Return a healthy server: the one that is configured, ours, or a new one.

    Raises:
        EngineError: a configured server does not answer, or none could be started.
    """
    named = configured()
    if named is not None:
        return named
    remembered = _remembered()
    if remembered is not None and is_prefect(remembered.api_url):
        return remembered
    wanted = port or _usual_port()
    url = f"http://127.0.0.1:{wanted}/api"
    if _taken(wanted):
        if is_prefect(url):
            return Server(url)
        wanted = _free_port()
    return _start(wanted)


def is_prefect(api_url: str) -> bool:
    """Return whether a healthy Prefect server answers at ``api_url``."""
    try:
        with httpx.Client(timeout=3.0) as client:
            healthy = client.get(f"{api_url}/health")
            version = client.get(f"{api_url}/admin/version")
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return healthy.status_code == 200 and version.text.strip('" \n').startswith("3.")


def stop() -> str:
    """End the server that labloop started, and no other process; return what became of it."""
    server = _remembered()
    if server is None or server.pid is None:
        return "labloop has no server running"
    _memory().unlink(missing_ok=True)
    found = process_mark(server.pid)
    if found != server.mark:
        if found is None and not is_prefect(server.api_url):
            return "labloop has no server running: the one it started has ended"
        what = f"process {server.pid}" if found else f"what answers at {server.ui_url}"
        return f"{what} is not the server that labloop started, so nothing was ended"
    os.kill(server.pid, signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    while process_mark(server.pid) == server.mark or is_prefect(server.api_url):
        if time.monotonic() >= until:
            return (
                f"the server (process {server.pid}) was asked to end and still runs after "
                f"{STOP_SECONDS:.0f} s; look at {_memory().with_suffix('.log')}"
            )
        time.sleep(0.2)
    return "the server was ended"


def _memory() -> Path:
    home = os.environ.get("PREFECT_HOME")
    return (Path(home) if home else Path.home() / ".prefect") / "labloop-server.json"


def _remembered() -> Server | None:
    """Return the server that labloop started earlier; it may have ended since."""
    try:
        return Server(**json.loads(_memory().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _usual_port() -> int:
    """Return the port that a person prefers; raises EngineError where that is none."""
    text = os.environ.get("LABLOOP_UI_PORT") or str(DEFAULT_PORT)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise EngineError(
            f"LABLOOP_UI_PORT must be a port from 1 to 65535, got {text!r}; correct or unset it"
        )
    return int(text)


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _start(port: int) -> Server:
    memory = _memory()
    log = memory.with_suffix(".log")
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
    except OSError as error:
        raise EngineError(
            f"Prefect cannot keep anything in {memory.parent}: {error.strerror}; name a folder of "
            "your own by PREFECT_HOME, or add --engine plain"
        ) from error
    words = [sys.executable, "-m", "prefect", "server", "start"]
    words += ["--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and fixed words
            words,
            env=server_environment(port),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is the campaign's; the server stays for looking afterwards.
            start_new_session=True,
        )
    mark = process_mark(process.pid) or ""
    server = Server(f"http://127.0.0.1:{port}/api", process.pid, mark)
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise EngineError(
                f"the Prefect server ended while it started (exit code {process.returncode}); "
                f"its words are in {log}; or add --engine plain"
            )
        # A look at the port first: each HTTP client costs 50 ms for a TLS context.
        if _taken(port) and is_prefect(server.api_url):
            memory.write_text(json.dumps(asdict(server)), encoding="utf-8")
            return server
        time.sleep(0.2)
    process.terminate()
    raise EngineError(
        f"the Prefect server was not healthy after {START_SECONDS:.0f} s; its words are in {log}; "
        "or add --engine plain"
    )
