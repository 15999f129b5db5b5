"""HTTP of a host: each call in a few lines, all decisions elsewhere."""

import base64
import hmac
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Body, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, Field

from labloop.errors import DatabaseUnusableError, LabloopError
from labloop.lab import Asker, HostSessions, kind_of_error
from labloop.lab import Request as LabRequest
from labloop.service.page import host_page
from labloop.service.status import HostView

_Content = Annotated[dict[str, Any], Body()]
_Word = Annotated[str, Field(max_length=200)]


class SessionAsked(BaseModel):
    """What a campaign asks for at its begin."""

    session: _Word
    campaign: _Word
    user: _Word
    place: _Word
    devices: list[_Word]


class StepAsked(BaseModel):
    """Lab time that a campaign asks for."""

    step: int
    until: float | None


_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})


def make_app(
    view: HostView,
    sessions: HostSessions,
    token: str,
    *,
    is_loopback: bool,
    down: Callable[[], None],
    broken: Callable[[LabloopError], None],
) -> FastAPI:
    """Return the application of a host.

    Args:
        view: what is shown of it.
        sessions: who has which device.
        token: is asked of every call; of the page only where others can reach it.
        is_loopback: whether this machine alone can reach it.
        down: ends the host.
        broken: ends it because its record cannot be written any more.
    """
    app = FastAPI(
        title=f"labloop host {view.name}", docs_url=None, redoc_url=None, openapi_url=None
    )
    app.middleware("http")(_guard(token, is_loopback=is_loopback))
    app.exception_handler(LabloopError)(_refused)
    app.exception_handler(DatabaseUnusableError)(_unrecorded(broken))
    _add_views(app, view, down)
    _add_sessions(app, sessions, view)
    _add_requests(app, sessions)
    return app


def _add_views(app: FastAPI, view: HostView, down: Callable[[], None]) -> None:
    @app.get("/")
    async def page() -> HTMLResponse:
        policy = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return HTMLResponse(host_page(await view.status()), headers=policy)

    @app.get("/status")
    async def status() -> dict[str, Any]:
        return await view.status()

    @app.get("/lab")
    async def lab() -> dict[str, Any]:
        return await view.lab()

    @app.post("/down")
    async def end() -> dict[str, Any]:
        down()
        return {}


def _add_sessions(app: FastAPI, sessions: HostSessions, view: HostView) -> None:
    @app.post("/sessions")
    async def begin(content: SessionAsked) -> dict[str, Any]:
        asker = Asker(content.campaign, content.user, content.place)
        session = await sessions.begin(content.session, asker, content.devices)
        return {
            "token": session.token,
            "now": view.host.now(),
            "seconds": sessions.seconds,
            "stepped": session.pace is not None,
        }

    @app.post("/sessions/{session}/beat")
    async def beat(session: str) -> dict[str, Any]:
        sessions.find(session)
        return {}

    @app.delete("/sessions/{session}")
    async def end(session: str) -> dict[str, Any]:
        report = await sessions.end(session, "its campaign has ended")
        return {"failures": dict(report.failures)}

    @app.post("/sessions/{session}/advance")
    async def advance(session: str, content: StepAsked) -> dict[str, Any]:
        found = sessions.find(session)
        grant = await sessions.advance(found, content.step, content.until)
        if grant is None:
            return {"granted": False}
        return {"granted": True, "now": grant.now, "finished": grant.finished}

    @app.post("/sessions/{session}/hold")
    async def hold(session: str) -> dict[str, Any]:
        sessions.hold(sessions.find(session))
        return {}


def _add_requests(app: FastAPI, sessions: HostSessions) -> None:
    @app.post("/sessions/{session}/requests")
    async def accept(session: str, content: _Content) -> dict[str, Any]:
        await sessions.accept(sessions.find(session), LabRequest.from_json(content))
        return {}

    @app.get("/sessions/{session}/requests/{request}")
    async def answer(session: str, request: str) -> dict[str, Any]:
        return (await sessions.answer(sessions.find(session), request)).to_json()

    @app.post("/sessions/{session}/requests/{request}/cancel")
    async def cancel(session: str, request: str) -> dict[str, Any]:
        return {"open": sessions.cancel(sessions.find(session), request)}

    @app.post("/actions/{token}/{request}")
    async def ask(token: int, request: str) -> dict[str, Any]:
        return (await sessions.ask(token, request)).to_json()


def _guard(token: str, *, is_loopback: bool) -> Any:
    """Return a middleware that lets nobody in without the token, and no page of another origin."""

    async def guard(request: Request, call: Any) -> Response:
        machine = (request.headers.get("host") or "").rpartition(":")[0]
        if is_loopback and machine not in _LOOPBACK:
            return _told(403, "CampaignError", "this host is asked by its loopback address alone")
        is_page = request.url.path == "/" and request.method == "GET"
        if (is_page and is_loopback) or _is_known(request.headers.get("authorization"), token):
            answer: Response = await call(request)
            return answer
        refused = _told(
            401,
            "NotConnectedError",
            "the token is not the one of this host; copy it anew from the machine of the host, or "
            "start the host again where its file was removed",
        )
        if is_page:
            refused.headers["WWW-Authenticate"] = 'Basic realm="labloop host"'
        return refused

    return guard


def _is_known(given: str | None, token: str) -> bool:
    """Return whether a header has the token; a browser sends it as the password."""
    scheme, _, text = (given or "").partition(" ")
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(text, validate=True).decode().partition(":")[2]
        except ValueError:
            return False
    return hmac.compare_digest(text.encode(), token.encode())


async def _refused(_: Request, error: Exception) -> JSONResponse:
    return _told(409, kind_of_error(error), str(error))


def _unrecorded(broken: Callable[[LabloopError], None]) -> Any:
    """Return what answers where the record cannot be written: then nothing may be done at all."""

    async def answer(_: Request, error: Any) -> JSONResponse:
        broken(error)
        told = f"the host ends, because what it does could not be recorded: {error}"
        return _told(409, kind_of_error(error), told)

    return answer


def _told(status: int, kind: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"kind": kind, "message": message}}, status)
