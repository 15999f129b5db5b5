"""Finds, starts and ends the Prefect server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from labloop.errors import EngineError
from labloop.store import process_mark
from labloop_workflows.server.password import password
from labloop_workflows.server.probe import Probe, free_port, is_taken, probe
from labloop_workflows.server.server import (
    Server,
    configured,
    log_file,
    memory_file,
    remember,
    remembered,
)
from labloop_workflows.server.settings import server_environment

DEFAULT_PORT = 4200
START_SECONDS = 90.0
"""How long a campaign waits for its server before it runs without."""
PROGRESS_SECONDS = 2.5
"""Between two lines about a server that is still starting."""
STOP_SECONDS = 15.0
"""How long a server may take to end."""
_POLL_SECONDS = 0.2


def find_or_start(
    port: int | None = None,
    *,
    say: Callable[[str], None] = print,
    patience: float = float("inf"),
) -> Server:
    """Return a healthy server: the configured one, labloop's own, or a new one.

    Args:
        port: where a new one is started, instead of the usual port.
        say: is called with lines about what takes long or is unexpected.
        patience: seconds until a server that is still starting is given up.

    Raises:
        EngineError: the configured server does not answer, or none could be started.
    """
    named = configured()
    if named is not None:
        return named
    ours = remembered()
    if ours is not None:
        found = probe(ours.api_url, ours.password)
        if found is Probe.ACCEPTED:
            return ours
        if found is Probe.NO_PASSWORD and ours.is_running:
            say(f"the server at {ours.ui_url} asks nobody for a password: it is started anew")
            stop()
        elif ours.is_running:
            return _wait_until_healthy(ours, say, patience)
    wanted = port or _usual_port()
    if is_taken(wanted):
        say(
            f"port {wanted} is used by something that labloop did not start, so its own Prefect "
            "server gets another one; to use a Prefect server that is there, "
            f"set PREFECT_API_URL=http://127.0.0.1:{wanted}/api"
        )
        wanted = free_port()
    return _wait_until_healthy(_start(wanted), say, patience)


def stop() -> str:
    """End the server that labloop started, and no other process; return what became of it."""
    server = remembered()
    if server is None or server.pid is None:
        return "labloop has no server running"
    memory_file().unlink(missing_ok=True)
    if not server.is_running:
        gone = process_mark(server.pid) is None
        if gone and probe(server.api_url) is Probe.NO_SERVER:
            return "labloop has no server running: the one it started has ended"
        what = f"what answers at {server.ui_url}" if gone else f"process {server.pid}"
        return f"{what} is not the server that labloop started, so nothing was ended"
    os.kill(server.pid, signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    while server.is_running or probe(server.api_url) is not Probe.NO_SERVER:
        if time.monotonic() >= until:
            return (
                f"the server (process {server.pid}) was asked to end and still runs after "
                f"{STOP_SECONDS:.0f} s; look at {log_file()}"
            )
        time.sleep(_POLL_SECONDS)
    return "the server was ended"


def _usual_port() -> int:
    """Return the port of ``LABLOOP_UI_PORT``; raises EngineError where that is none."""
    text = os.environ.get("LABLOOP_UI_PORT") or str(DEFAULT_PORT)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise EngineError(
            f"LABLOOP_UI_PORT must be a port from 1 to 65535, got {text!r}; correct or unset it"
        )
    return int(text)


def _start(port: int) -> Server:
    """Start a server and remember it; it is not healthy yet."""
    secret = password()
    with log_file().open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "labloop_workflows.server.guard"],
            env=server_environment(port, secret),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal is for the campaign; the server stays.
            start_new_session=True,
        )
    mark = process_mark(process.pid) or ""
    server = Server(f"http://127.0.0.1:{port}/api", process.pid, mark, secret)
    # Before it is healthy: whoever gives up waiting leaves it to the next command.
    remember(server)
    return server


def _wait_until_healthy(server: Server, say: Callable[[str], None], patience: float) -> Server:
    """Wait for a server that was started, with lines of progress."""
    port = int(server.ui_url.rpartition(":")[2])
    began = latest = time.monotonic()
    while server.is_running:
        # The port first: each HTTP client costs 50 ms for a TLS context.
        if is_taken(port) and probe(server.api_url, server.password) is Probe.ACCEPTED:
            return server
        now = time.monotonic()
        if now - began > patience:
            raise EngineError(
                f"the Prefect server was not ready after {patience:.0f} s; it goes on starting, "
                f"labloop ui waits for it, and its words are in {log_file()}"
            )
        if now - latest >= PROGRESS_SECONDS:
            latest = now
            say(f"Prefect   its server is starting: {now - began:.0f} s")
        time.sleep(_POLL_SECONDS)
    if probe(server.api_url, server.password) is Probe.ACCEPTED:
        # Another labloop process was quicker: its server has the port.
        return Server(server.api_url, password=server.password)
    raise EngineError(f"the Prefect server ended while it started; its words are in {log_file()}")
