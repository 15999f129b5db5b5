"""Promise: what answers at an address is told from what does not, with and without a password."""

import threading
from base64 import b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from labloop_workflows.server import probe


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


@pytest.mark.parametrize(
    ("secret", "given", "found"),
    [
        ("", "", probe.Probe.NO_PASSWORD),
        ("ours", "ours", probe.Probe.ACCEPTED),
        ("ours", "other", probe.Probe.WRONG_PASSWORD),
        ("ours", "", probe.Probe.WRONG_PASSWORD),
    ],
)
def test_a_server_that_asks_for_a_password_is_there(secret, given, found):
    """Only what does not answer is away: no password, or a wrong one, is not said to be that."""
    with healthy(secret) as api_url:
        assert probe.probe(api_url, given) is found
