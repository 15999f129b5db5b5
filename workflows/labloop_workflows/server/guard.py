"""The guard of the server that labloop starts, and the program that serves behind it.

A web page of another origin, open in a browser on the lab's PC, can send requests to a server
on loopback. Prefect asks for the password; this refuses what comes from another page or under
another name before Prefect sees it, websockets as well, which no CORS rule covers.
"""

from collections.abc import Sequence

import uvicorn
from prefect.server.api.server import create_app
from prefect.settings import get_current_settings
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from labloop_workflows.server.settings import NAMES, REPORTS, origins, reports_folder

_REPORT = {
    "Content-Security-Policy": "sandbox allow-scripts allow-popups; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
"""A report shows what a database holds: it may not touch what belongs to the UI's pages."""


class OwnPagesOnly:
    """Passes requests on that come from no page, or from a page of ``allowed`` origins.

    Reports are served beside ``app``: their names are secrets that only the UI tells.
    """

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed)
        reached = " ".join((*allowed, *(origin.replace("http", "ws", 1) for origin in allowed)))
        self._page = {
            # No other page lays itself over the UI and lets a person click through; and Prefect's
            # newer UI, which a click turns on, calls an outside host: the browser refuses.
            "Content-Security-Policy": f"frame-ancestors 'none'; connect-src 'self' {reached}",
            "X-Frame-Options": "DENY",
        }
        files = StaticFiles(directory=reports_folder(), check_dir=False)
        # Outside of an application nothing else turns a missing file into an answer.
        self._reports = ExceptionMiddleware(files)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        origin = Headers(scope=scope).get("origin")
        if origin is not None and origin not in self._allowed:
            await _refuse(scope, receive, send)
            return

        report = scope["type"] == "http" and scope["path"].startswith(f"{REPORTS}/")

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                MutableHeaders(scope=message).update(self._page | (_REPORT if report else {}))
            await send(message)

        if report:
            inside = {**scope, "path": scope["path"].removeprefix(REPORTS), "root_path": ""}
            await self._reports(inside, receive, sealed)
        else:
            await self._app(scope, receive, sealed)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(code=1008)(scope, receive, send)
        return
    said = "labloop's Prefect server answers no page of another origin\n"
    await PlainTextResponse(said, status_code=403)(scope, receive, send)


def guarded(app: ASGIApp, port: int) -> ASGIApp:
    """Return ``app`` behind the guard: only under its own names, only to its own pages."""
    own = OwnPagesOnly(app, origins(port))
    # A foreign name that was made to lead to loopback is refused by its Host header.
    return TrustedHostMiddleware(own, allowed_hosts=list(NAMES), www_redirect=False)


def main() -> None:
    """Serve Prefect's API and UI on loopback until a signal; settings come by the environment."""
    api = get_current_settings().server.api
    uvicorn.run(
        guarded(create_app(final=True), api.port),
        host="127.0.0.1",
        port=api.port,
        timeout_keep_alive=api.keepalive_timeout,
        log_level="info",
    )


if __name__ == "__main__":
    main()
