"""Promise: a server is found, started or ended, and nobody else's process is touched."""

import json
import os
import socket
import subprocess
import sys
import threading
from base64 import b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from labloop.errors import EngineError
from labloop.store import process_mark
from labloop_workflows.server import lifecycle
from labloop_workflows.server.server import Server


@contextmanager
def sleeper():
    """A process that does nothing, for the length of the block."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def healthy(secret=""):
    """Somebody's Prefect server: as much of one as is looked at; yields its API's address."""
    key = f"Basic {b64encode(secret.encode()).decode()}"

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            known = not secret or self.headers.get("Authorization") == key
            self.send_response(200 if known or self.path.endswith("/health") else 401)
            self.end_headers()
            self.wfile.write(b'"3.8.8"')

        def log_message(self, *_):
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.server_port}/api"
    finally:
        web.shutdown()
        web.server_close()
        thread.join(5)


@pytest.fixture
def remember(tmp_path, monkeypatch):
    """Return a function that writes down a server as labloop does."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.setattr(lifecycle, "STOP_SECONDS", 0.5)

    def write(api_url, pid, mark):
        memory = tmp_path / "labloop-server.json"
        memory.write_text(json.dumps({"api_url": api_url, "pid": pid, "mark": mark}))
        return memory

    return write


def nowhere():
    """Return an address where nothing answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/api"


@pytest.mark.parametrize("answers", [True, False])
def test_a_strangers_process_of_the_same_number_is_left_alone(remember, answers):
    """Promise: the number was given to somebody else: nothing is ended, and that is said."""
    with sleeper() as stranger, healthy() as somewhere:
        mark = process_mark(os.getpid()).replace(f"pid={os.getpid()}", f"pid={stranger.pid}")
        memory = remember(somewhere if answers else nowhere(), stranger.pid, mark)
        told = lifecycle.stop()
        assert stranger.poll() is None
    assert told == (
        f"process {stranger.pid} is not the server that labloop started, so nothing was ended"
    )
    assert not memory.exists()


def test_its_own_process_is_ended_and_waited_for(remember):
    """Promise: where the mark is the same, the server is gone when the command returns."""
    with sleeper() as ours:
        remember(nowhere(), ours.pid, process_mark(ours.pid))
        assert lifecycle.stop() == "the server was ended"
        assert ours.wait(5) != 0


def test_a_server_that_ended_by_itself_is_no_reason_for_a_signal(remember):
    """Promise: nothing to end is said so, also where somebody else answers there by now."""
    with sleeper() as ours:
        mark = process_mark(ours.pid)
    remember(nowhere(), ours.pid, mark)
    assert lifecycle.stop() == "labloop has no server running: the one it started has ended"
    with healthy() as somewhere:
        remember(somewhere, ours.pid, mark)
        assert "is not the server that labloop started" in lifecycle.stop()
    assert lifecycle.stop() == "labloop has no server running"


def test_one_that_does_not_end_is_not_called_ended(remember):
    """Promise: what was asked and did not happen is said, with where to look."""
    code = "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as stubborn:
        stubborn.stdout.readline()
        remember(nowhere(), stubborn.pid, process_mark(stubborn.pid))
        told = lifecycle.stop()
        stubborn.kill()
    assert "was asked to end and still runs after" in told
    assert "labloop-server.log" in told


@pytest.mark.parametrize("text", ["abc", "0", "99999", "-1", "42.5"])
def test_a_port_that_is_none_is_told(remember, monkeypatch, text):
    """A slip in LABLOOP_UI_PORT is one sentence, before anything is started."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("LABLOOP_UI_PORT", text)
    with pytest.raises(EngineError, match=f"LABLOOP_UI_PORT must be a port .* got '{text}'"):
        lifecycle.find_or_start()


def test_a_home_that_is_no_folder_is_told(tmp_path, monkeypatch):
    """Where Prefect can keep nothing, the sentence names the place and the two ways on."""
    (tmp_path / "file").touch()
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("LABLOOP_UI_PORT", "1")
    with pytest.raises(EngineError, match=r"PREFECT_HOME, or add --engine plain"):
        lifecycle.find_or_start()


def test_a_slow_server_is_waited_for_aloud_and_left_to_start(remember, monkeypatch):
    """Promise: never silent; who gives up waiting says so, and ends nothing."""
    monkeypatch.setattr(lifecycle, "PROGRESS_SECONDS", 0.1)
    told = []
    with sleeper() as slow:
        remember(nowhere(), slow.pid, process_mark(slow.pid))
        with pytest.raises(EngineError, match=r"was not ready after 1 s; it goes on starting"):
            lifecycle.find_or_start(say=told.append, patience=1.0)
        assert slow.poll() is None
    assert len(told) > 1
    assert "its server is starting: " in told[0]


def test_a_campaign_goes_on_where_no_server_can_be_started(alone, support):
    """Promise: the window is worth a sentence, never the campaign."""
    (alone.folder / "file").touch()
    words = ("run", support / "slow_campaign" / "campaign.py")
    code, said = alone.run(*words, SLOW_EXPERIMENTS=4, PREFECT_HOME=alone.folder / "file")
    assert code == 0, said
    assert "Prefect cannot keep anything in" in said
    assert "the campaign goes on without this window" in said
    assert "the budget of 4 experiments is used up" in said


@pytest.mark.parametrize("given", ["", "another"])
def test_a_named_server_that_wants_a_password_is_told(shared, monkeypatch, given):
    """Promise: a password that nobody told is one sentence, and ours is found by itself."""
    url = f"http://127.0.0.1:{shared.port}/api"
    monkeypatch.setenv("PREFECT_API_URL", url)
    monkeypatch.setenv("PREFECT_HOME", shared.env["PREFECT_HOME"] if not given else "/nowhere")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", given)
    if given:
        with pytest.raises(EngineError, match="asks for a password; set PREFECT_API_AUTH_STRING"):
            lifecycle.find_or_start()
    else:
        assert lifecycle.find_or_start() == Server(url, password=shared.password)
