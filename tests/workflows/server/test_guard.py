"""Promise: the server that labloop starts answers its own pages and who knows the password."""

import stat
import sys
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

START = "deployments/00000000-0000-0000-0000-000000000000/create_flow_run"
"""What a web page of another origin would ask for; 404 where it is let in."""
ROWS = "flow_runs/filter"
LET_IN = {200, 404}


@pytest.fixture(scope="session")
def ask(shared):
    """Return a function that sends one request to the shared server and returns its answer."""

    def send(path, method="POST", **more):
        return httpx.request(method, f"http://127.0.0.1:{shared.port}/{path}", timeout=30, **more)

    return send


@pytest.fixture(scope="session")
def proof(shared):
    """Return the headers of a person who typed the password."""
    return shared.proof()


@pytest.mark.parametrize("path", [ROWS, START])
def test_who_knows_the_password_is_let_in(ask, proof, shared, path):
    """Without these answers every refusal below would prove nothing."""
    own = {"Origin": f"http://localhost:{shared.port}"}
    assert ask(f"api/{path}", json={}, headers=proof).status_code in LET_IN
    assert ask(f"api/{path}", json={}, headers=proof | own).status_code in LET_IN


@pytest.mark.parametrize("path", [ROWS, START])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data"])
def test_without_the_password_nothing_is_done(ask, proof, path, kind):
    """A request that a page sends without asking first carries no password: simple or not."""
    sent = {"content": "{}", "headers": {"Content-Type": kind}}
    assert ask(f"api/{path}", **sent).status_code in {401, 403}
    sent["headers"] |= {k: v for k, v in proof.items() if k != "Authorization"}
    assert ask(f"api/{path}", **sent).status_code == 401


@pytest.mark.parametrize(
    "path", ["api/admin/version", "api/admin/settings", "api/csrf-token?client=x"]
)
def test_without_the_password_nothing_is_told(ask, path):
    """Reading needs it as well; a wrong one is none."""
    assert ask(path, "GET").status_code == 401
    assert ask(path, "GET", auth=("admin", "pass")).status_code == 401


def test_a_browser_that_knows_it_is_not_used_by_another_page(ask, proof):
    """The password alone changes nothing: what changes something carries a token, too."""
    known = {"Authorization": proof["Authorization"]}
    answer = ask(f"api/{START}", content="{}", headers=known | {"Content-Type": "text/plain"})
    assert answer.status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "file://"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_origin_is_refused(ask, proof, origin, method):
    """Also with password and token, and no answer may be read by that page."""
    headers = proof | {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = ask(f"api/{START}", method, headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4200", "127.0.0.1.evil.example"])
@pytest.mark.parametrize("path", ["", f"api/{ROWS}", "ui-settings"])
def test_another_name_for_this_machine_is_refused(ask, proof, host, path):
    """A foreign name that leads here (DNS rebinding) makes its page a page of our own origin."""
    answer = ask(path, headers=proof | {"Host": host}, **({"json": {}} if path else {}))
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["api/events/in", "api/events/out", "api/logs/out"])
def test_a_websocket_from_another_page_is_refused(shared, path):
    """No CORS rule covers websockets; the own page is let in to say its password."""
    url = f"ws://127.0.0.1:{shared.port}/{path}"
    with pytest.raises(InvalidStatus):
        connect(url, origin="http://evil.example", subprotocols=["prefect"])
    own = f"http://127.0.0.1:{shared.port}"
    with connect(url, origin=own, subprotocols=["prefect"]) as line:
        line.send('{"type": "auth", "token": "wrong"}')
        with pytest.raises(Exception, match=r"(?i)invalid token|1008|1002"):
            line.recv(timeout=10)


def test_no_other_page_may_frame_the_ui(ask):
    """Nobody clicks Cancel, or Run, on a page that lies under another."""
    answer = ask("", "GET")
    assert answer.status_code == 200
    assert answer.headers["x-frame-options"] == "DENY"
    assert (
        "frame-ancestors 'none'; connect-src 'self' http"
        in answer.headers["content-security-policy"]
    )


@pytest.mark.skipif(sys.platform == "win32", reason="looks at POSIX rights")
def test_the_password_is_its_owners_alone(shared):
    """Twenty-four letters that only the owner reads, told at the terminal of ``labloop ui``."""
    kept = Path(shared.env["PREFECT_HOME"]) / "labloop-server.secret"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert len(shared.password) == 24
    code, said = shared.run("ui")
    assert code == 0
    assert shared.password in said
    log = (kept.parent / "labloop-server.log").read_text()
    assert shared.password not in log
