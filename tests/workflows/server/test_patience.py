"""Promise: a server that is busy for the moment is asked again; one that refuses is told of."""

import httpx
import pytest
from prefect.deployments.runner import DeploymentApplyError

from labloop.errors import EngineError
from labloop_workflows.server import patience
from labloop_workflows.server.patience import patiently


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_busy_server_is_asked_again(wrapped, monkeypatch):
    """Two answers 503 and then one that counts: the call has it, however Prefect tells of them."""
    monkeypatch.setattr(patience, "_PAUSE_SECONDS", 0.0)
    server = _Answers([503, 503, 200], wrapped=wrapped)
    assert patiently(server.ask) == "done"
    assert server.asked == 3


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_refusal_is_one_sentence(wrapped):
    """An answer 409 is not asked for twice, and no traceback of Prefect's reaches a person."""
    server = _Answers([409, 200], wrapped=wrapped)
    with pytest.raises(EngineError, match=r"refused: .*409.*; look at its log"):
        patiently(server.ask)
    assert server.asked == 1


def test_a_server_that_stays_busy_is_given_up(monkeypatch):
    """After the time that is given, what the server said is the sentence."""
    monkeypatch.setattr(patience, "_PAUSE_SECONDS", 0.0)
    server = _Answers([503] * 100_000, wrapped=True)
    with pytest.raises(EngineError, match="503"):
        patiently(server.ask, seconds=0.05)


class _Answers:
    """A server that gives one answer after the other, over HTTP's own classes."""

    def __init__(self, codes, *, wrapped):
        self._left, self._wrapped, self.asked = list(codes), wrapped, 0
        self._client = httpx.Client(transport=httpx.MockTransport(self._answer))

    def _answer(self, request):
        return httpx.Response(self._left[self.asked - 1], request=request)

    def ask(self):
        self.asked += 1
        try:
            self._client.get("http://127.0.0.1/api").raise_for_status()
        except httpx.HTTPStatusError as error:
            if not self._wrapped:
                raise
            raise DeploymentApplyError(f"while applying: {error}") from error
        return "done"
