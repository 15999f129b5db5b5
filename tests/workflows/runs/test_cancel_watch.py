"""The watch for Cancel: whom it asks, how often it connects, and what a silent server changes."""

import threading
from types import SimpleNamespace
from uuid import uuid4

import pytest

pytest.importorskip("prefect")

from prefect.client.schemas.objects import StateType
from prefect.settings import PREFECT_API_URL, temporary_settings

from labloop_workflows.runs import cancel_watch

OURS = "http://127.0.0.1:9/api"


class Server:
    """A Prefect server that answers with the states given, one a question."""

    def __init__(self, *states):
        self.states = list(states)
        self.connected_to = []

    def client(self, *_, **__):
        """Return a client of whatever server the settings of the calling thread name."""
        self.connected_to.append(PREFECT_API_URL.value())
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return None

    def read_flow_run(self, _):
        """Answer, or be away."""
        state = self.states.pop(0)
        if state is None:
            raise ConnectionError("away")
        return SimpleNamespace(state=SimpleNamespace(type=state))


def watched(server, monkeypatch):
    """Watch a run until a stop is asked for; return why."""
    monkeypatch.setattr(cancel_watch, "get_client", server.client)
    monkeypatch.setattr(cancel_watch, "POLL_SECONDS", 0.01)
    asked, reasons = threading.Event(), []

    def stop(reason):
        reasons.append(reason)
        asked.set()

    with temporary_settings({PREFECT_API_URL: OURS}), cancel_watch.CancelWatch(uuid4(), stop):
        assert asked.wait(10.0)
    return reasons


def test_the_server_of_the_flow_is_asked(monkeypatch):
    """Without the settings of the caller, Prefect would start a server of its own and ask that."""
    server = Server(StateType.CANCELLING)
    assert watched(server, monkeypatch) == ["cancelled in the Prefect UI"]
    assert server.connected_to == [OURS]


def test_a_client_is_kept_while_the_server_answers(monkeypatch):
    """Each client costs a TLS context, of which a long campaign would make one a second."""
    server = Server(*[StateType.RUNNING] * 5, StateType.CANCELLED)
    watched(server, monkeypatch)
    assert server.connected_to == [OURS]


def test_a_server_that_was_away_is_asked_again(monkeypatch):
    """A server that is away cancels nothing, and is heard again when it is back."""
    server = Server(StateType.RUNNING, None, None, StateType.CANCELLING)
    assert watched(server, monkeypatch) == ["cancelled in the Prefect UI"]
    assert len(server.connected_to) == 3
