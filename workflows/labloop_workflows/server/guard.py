"""The guard in front of the server that labloop starts, and the program that runs both.

A web page of another origin, open in a browser on the lab's PC, can send requests to a server
on loopback. Prefect asks for the password; the guard refuses requests from other pages and under
other host names before Prefect sees them, also websockets, which CORS does not cover.
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
"""A report shows content of a database, so it has no access to the pages of the UI."""


class OwnPagesOnly:
    """ASGI middleware that refuses requests from pages of other origins.

    It also serves the reports, whose names are secrets that only the UI shows.

    Args:
        app: Prefect's application.
        allowed: the origins of its own pages.
    """

    def __init__(self, app: ASGIApp, allowed: Sequence[str]) -> None:
        self._app = app
        self._allowed = frozenset(allowed)
        reached = " ".join((*allowed, *(origin.replace("http", "ws", 1) for origin in allowed)))
        self._page = {
            # No other page may frame the UI (clickjacking). Prefect's newer UI, which a click turns
            # on, calls an outside host: the browser refuses.
            "Content-Security-Policy": f"frame-ancestors 'none'; connect-src 'self' {reached}",
            "X-Frame-Options": "DENY",
        }
        files = StaticFiles(directory=reports_folder(), check_dir=False)
        # Turns a missing file into the answer 404.
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

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                MutableHeaders(scope=message).update(self._page | (_REPORT if report else {}))
            await send(message)

        if report:
            inside = {**scope, "path": scope["path"].removeprefix(REPORTS), "root_path": ""}
            await self._reports(inside, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(code=1008)(scope, receive, send)
        return
    text = "labloop's Prefect server answers no page of another origin\n"
    await PlainTextResponse(text, status_code=403)(scope, receive, send)


def guarded(app: ASGIApp, port: int) -> ASGIApp:
    """Return ``app`` behind the guard: only under its own host names, only for its own pages."""
    own = OwnPagesOnly(app, origins(port))
    # A foreign name that resolves to loopback (DNS rebinding) is refused by its Host header.
    return TrustedHostMiddleware(own, allowed_hosts=list(NAMES), www_redirect=False)


def main() -> None:
    """Serve Prefect's API and UI on loopback until a signal; settings are in the environment."""
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
