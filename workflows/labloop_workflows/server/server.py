"""A Prefect server that is found, or started for the user."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import httpx
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from labloop.errors import EngineError
from labloop.store import process_mark
from labloop_workflows.server.password import password
from labloop_workflows.server.settings import home, server_environment

DEFAULT_PORT = 4200
START_SECONDS = 90.0
"""How long a campaign waits for its window before it goes on without."""
TOLD_SECONDS = 2.5
"""Between two words about a server that is still starting."""
STOP_SECONDS = 15.0
ANSWER_SECONDS = 10.0
"""A busy server is not called away sooner; where nothing listens, that is known at once."""


class Look(Enum):
    """What answers at an address."""

    AWAY = "no Prefect server"
    OPEN = "a Prefect server that asks nobody for a password"
    CLOSED = "a Prefect server that wants another password"
    KNOWN = "a Prefect server that takes the password"


@dataclass(frozen=True, slots=True)
class Server:
    """A healthy Prefect server."""

    api_url: str
    pid: int | None = None
    """Process of a server that labloop started; None for one that was there."""
    mark: str = ""
    """Tells that process from a later one of the same id."""
    password: str = ""
    """Of a server that labloop started; empty: whatever Prefect's own settings say."""

    @property
    def ui_url(self) -> str:
        """Where a person looks."""
        return self.api_url.removesuffix("/api")

    @property
    def runs(self) -> bool:
        """Whether the process that labloop started is there still, healthy or not."""
        return self.pid is not None and process_mark(self.pid) == self.mark

    def told(self, *, secret: bool) -> list[str]:
        """Return the lines that say where to look; the password only where ``secret``."""
        lines = [f"Prefect   {self.ui_url}"]
        if self.password:
            shown = f": {self.password}" if secret else "; labloop ui tells it"
            lines.append(f"          the UI asks for a password once{shown}")
        return lines


@contextmanager
def speaking_to(server: Server) -> Iterator[None]:
    """Let Prefect in this process, and in those that it starts, speak to ``server``."""
    os.environ["PREFECT_API_URL"] = server.api_url
    settings = {PREFECT_API_URL: server.api_url}
    if server.password:
        os.environ["PREFECT_API_AUTH_STRING"] = server.password
        settings[PREFECT_API_AUTH_STRING] = server.password
    with temporary_settings(settings):
        yield


def configured() -> Server | None:
    """Return the server that the environment names, None where it names none.

    Raises:
        EngineError: it does not answer, or wants a password that nobody told.
    """
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        return None
    given = os.environ.get("PREFECT_API_AUTH_STRING", "")
    ours = _remembered()
    if not given and ours is not None and ours.api_url == url:
        given = ours.password
    seen = look(url, given)
    if seen is Look.AWAY:
        raise EngineError(
            f"PREFECT_API_URL names {url}, where no Prefect server answers; "
            "start it, unset PREFECT_API_URL, or add --engine plain"
        )
    if seen is Look.CLOSED:
        raise EngineError(
            f"PREFECT_API_URL names {url}, which asks for a password; "
            "set PREFECT_API_AUTH_STRING to it, or unset PREFECT_API_URL"
        )
    return Server(url, password=given)


def own_ui_url() -> str | None:
    """Return where the UI is, where the server that is spoken to is one that labloop started."""
    ours = _remembered()
    spoken_to = os.environ.get("PREFECT_API_URL")
    return ours.ui_url if ours is not None and ours.api_url == spoken_to else None


def find_or_start(
    port: int | None = None,
    *,
    say: Callable[[str], None] = print,
    patience: float = float("inf"),
) -> Server:
    """Return a healthy server: the one that is configured, ours, or a new one.

    Args:
        port: where a new one is started, instead of the usual port.
        say: is told what takes long, and what a person would not expect.
        patience: seconds until a server that is still starting is given up.

    Raises:
        EngineError: a configured server does not answer, or none could be started.
    """
    named = configured()
    if named is not None:
        return named
    ours = _remembered()
    if ours is not None:
        seen = look(ours.api_url, ours.password)
        if seen is Look.KNOWN:
            return ours
        if seen is Look.OPEN and ours.runs:
            say(f"the server at {ours.ui_url} asks nobody for a password: it is started anew")
            stop()
        elif ours.runs:
            return _ready(ours, say, patience)
    wanted = port or _usual_port()
    if _taken(wanted):
        say(
            f"port {wanted} is used by something that labloop did not start, so its own Prefect "
            "server gets another one; to use a Prefect server that is there, "
            f"set PREFECT_API_URL=http://127.0.0.1:{wanted}/api"
        )
        wanted = _free_port()
    return _ready(_start(wanted), say, patience)


def look(api_url: str, secret: str = "") -> Look:
    """Return what answers at ``api_url``, and whether it takes the password ``secret``."""
    try:
        with httpx.Client(timeout=ANSWER_SECONDS) as client:
            if client.get(f"{api_url}/health").status_code != httpx.codes.OK:
                return Look.AWAY
            asked = client.get(f"{api_url}/admin/version")
            if asked.status_code != httpx.codes.UNAUTHORIZED:
                return Look.OPEN if _is_version(asked) else Look.AWAY
            if not secret:
                # "Basic" without anything is no header that may be sent.
                return Look.CLOSED
            basic = {"Authorization": f"Basic {b64encode(secret.encode()).decode()}"}
            told = client.get(f"{api_url}/admin/version", headers=basic)
            return Look.KNOWN if _is_version(told) else Look.CLOSED
    except (httpx.HTTPError, httpx.InvalidURL):
        return Look.AWAY


def _is_version(answer: httpx.Response) -> bool:
    return answer.status_code == httpx.codes.OK and answer.text.strip('" \n').startswith("3.")


def stop() -> str:
    """End the server that labloop started, and no other process; return what became of it."""
    server = _remembered()
    if server is None or server.pid is None:
        return "labloop has no server running"
    _memory().unlink(missing_ok=True)
    if not server.runs:
        gone = process_mark(server.pid) is None
        if gone and look(server.api_url) is Look.AWAY:
            return "labloop has no server running: the one it started has ended"
        what = f"what answers at {server.ui_url}" if gone else f"process {server.pid}"
        return f"{what} is not the server that labloop started, so nothing was ended"
    os.kill(server.pid, signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    while server.runs or look(server.api_url) is not Look.AWAY:
        if time.monotonic() >= until:
            return (
                f"the server (process {server.pid}) was asked to end and still runs after "
                f"{STOP_SECONDS:.0f} s; look at {_log()}"
            )
        time.sleep(0.2)
    return "the server was ended"


def _memory() -> Path:
    return home() / "labloop-server.json"


def _log() -> Path:
    return _memory().with_suffix(".log")


def _remember(server: Server) -> None:
    kept = {"api_url": server.api_url, "pid": server.pid, "mark": server.mark}
    _memory().write_text(json.dumps(kept), encoding="utf-8")


def _remembered() -> Server | None:
    """Return the server that labloop started earlier; it may have ended since."""
    try:
        kept = json.loads(_memory().read_text(encoding="utf-8"))
        return Server(**kept, password=password())
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
    """Start a server and remember it; it is not healthy yet."""
    secret = password()
    with _log().open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "labloop_workflows.server.guard"],
            env=server_environment(port, secret),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is the campaign's; the server stays for looking afterwards.
            start_new_session=True,
        )
    mark = process_mark(process.pid) or ""
    server = Server(f"http://127.0.0.1:{port}/api", process.pid, mark, secret)
    # Before it is healthy: whoever gives up waiting leaves it to the next one who asks.
    _remember(server)
    return server


def _ready(server: Server, say: Callable[[str], None], patience: float) -> Server:
    """Wait until a server that was started is healthy, and never in silence."""
    port = int(server.ui_url.rpartition(":")[2])
    began = told = time.monotonic()
    while server.runs:
        # A look at the port first: each HTTP client costs 50 ms for a TLS context.
        if _taken(port) and look(server.api_url, server.password) is Look.KNOWN:
            return server
        now = time.monotonic()
        if now - began > patience:
            raise EngineError(
                f"the Prefect server was not ready after {patience:.0f} s; it goes on starting, "
                f"labloop ui waits for it, and its words are in {_log()}"
            )
        if now - told >= TOLD_SECONDS:
            told = now
            say(f"Prefect   its server is starting: {now - began:.0f} s")
        time.sleep(0.2)
    if look(server.api_url, server.password) is Look.KNOWN:
        # Another process of ours was quicker; the two would have had the same port.
        return Server(server.api_url, password=server.password)
    raise EngineError(f"the Prefect server ended while it started; its words are in {_log()}")
